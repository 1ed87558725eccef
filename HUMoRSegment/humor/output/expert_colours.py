"""One colour per expert, the same in bars and pictures.

From Paul Tol's colour-blind-safe "bright" and "light" schemes (https://personal.sron.nl/~pault/),
without the hues that the tumour regions have.
"""

from __future__ import annotations

_COLOURS = ("#4477aa", "#66ccee", "#aa3377", "#bbbbbb", "#225555", "#ee8866", "#ffaabb", "#77aadd")
_DARK_TEXT = {"#66ccee", "#bbbbbb", "#ee8866", "#ffaabb", "#77aadd"}


def expert_colour(index: int) -> str:
    """The colour of a gate's expert number ``index`` (they repeat after eight)."""
    return _COLOURS[index % len(_COLOURS)]


def text_on(colour: str) -> str:
    """Black or white, whichever is readable on an expert's colour."""
    return "#111111" if colour in _DARK_TEXT else "#ffffff"
