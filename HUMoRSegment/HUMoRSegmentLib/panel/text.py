"""How the panel words and draws: numbers, states, failures; small tables and bars as rich text."""

from __future__ import annotations

import html
import logging
from collections.abc import Sequence

from slicer.i18n import tr as _

from humor.errors import HumorError

from ..inputs.preflight import ERROR, OK, WARNING

_MARKS = {OK: "✓", WARNING: "⚠", ERROR: "✗"}
BAR_PIXELS = 90


def mark(level: str, sentence: str) -> str:
    """A sentence with the sign of its level: ✓, ⚠ or ✗."""
    return f"{_MARKS[level]} {sentence}"


def millilitres(volume: float | None) -> str:
    """A volume in ml; a dash where it is not known."""
    return "–" if volume is None else _("{number} ml").format(number=f"{volume:.1f}")


def time_left(seconds: float | None) -> str:
    """How long it will still take; empty where that is not known."""
    if seconds is None:
        return ""
    if seconds < 1.5:
        return _("about 1 s left")
    if seconds < 90:
        return _("about {number} s left").format(number=round(seconds))
    if seconds < 5400:
        return _("about {number} min left").format(number=round(seconds / 60))
    return _("about {number} h left").format(number=f"{seconds / 3600:.1f}")


def progress(stage: str, fraction: float | None, seconds_left: float | None) -> str:
    """What a run is doing: stage, per cent and time left, as far as they are known."""
    share = "" if fraction is None else _("{number} %").format(number=percent(fraction))
    known = ", ".join(filter(None, (share, time_left(seconds_left))))
    return f"{stage} ({known})" if known else stage


def percent(fraction: float | None) -> int:
    """A share of 1 as a whole number from 0 to 100; unknown is 0."""
    return min(max(int(100 * (fraction or 0.0)), 0), 100)


def megabytes(size: float) -> str:
    """Bytes as MB."""
    return _("{number} MB").format(number=f"{size / 1e6:.1f}")


def failure_sentence(error: Exception) -> str:
    """What to tell the user. What was not foreseen is also logged in full."""
    if isinstance(error, HumorError):
        return str(error)
    logging.getLogger(__name__).error("Unexpected failure", exc_info=error)
    return _("Something unexpected went wrong ({kind}: {error}). The Python console has the details.").format(
        kind=type(error).__name__, error=error
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a bold header; cells are plain text, numbers to the right.

    Args:
        header: one word for each column.
        rows: as many cells as the header has.
    """
    head = "".join(f"<th align='left'>{html.escape(word)}&nbsp;&nbsp;</th>" for word in header)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f"<table cellspacing='2'><tr>{head}</tr>{body}</table>"


def bar(fraction: float, colour: str) -> str:
    """A horizontal bar with its per cent.

    Args:
        fraction: 0 to 1, the bar's length.
        colour: as ``#rrggbb``.
    """
    share = min(max(fraction, 0.0), 1.0)
    full = round(BAR_PIXELS * share)
    filled = f"<td width='{full}' bgcolor='{colour}'></td>" if full else ""
    rest = f"<td width='{BAR_PIXELS - full}'></td>" if full < BAR_PIXELS else ""
    return (
        f"<table cellspacing='0' cellpadding='0'><tr>{filled}{rest}"
        f"<td>&nbsp;{100 * fraction:.0f}&nbsp;%&nbsp;&nbsp;</td></tr></table>"
    )


def bars(header: Sequence[str], rows: Sequence[tuple[str, str, Sequence[float | None]]]) -> str:
    """Named rows of bars.

    Args:
        header: word over the names, then one over each column of bars.
        rows: name, colour as ``#rrggbb``, and a share (or None) for each column.
    """
    head = "".join(f"<th align='left'>{html.escape(word)}&nbsp;&nbsp;</th>" for word in header)
    body = "".join(
        f"<tr><td>{html.escape(name)}&nbsp;&nbsp;</td>"
        + "".join(f"<td>{'–' if share is None else bar(share, colour)}</td>" for share in shares)
        + "</tr>"
        for name, colour, shares in rows
    )
    return f"<table cellspacing='2'><tr>{head}</tr>{body}</table>"


def swatch(colour: Sequence[float]) -> str:
    """A small square of a colour: red, green and blue, 0 to 1."""
    red, green, blue = (round(255 * part) for part in colour)
    return f"<span style='color:#{red:02x}{green:02x}{blue:02x}'>■</span>"


def _cell(text: str) -> str:
    side = "right" if text[:1] in "+-−0123456789" and text else "left"
    return f"<td align='{side}'>{html.escape(text)}&nbsp;&nbsp;</td>"
