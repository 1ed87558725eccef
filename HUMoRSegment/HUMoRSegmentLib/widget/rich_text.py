"""Small tables and bars as rich text, which a Qt label can show. Pure functions."""

from __future__ import annotations

import html
from collections.abc import Sequence

BAR_PIXELS = 90


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
