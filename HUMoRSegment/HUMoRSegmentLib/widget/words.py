"""How the panel words numbers and states. Pure functions."""

from __future__ import annotations

from slicer.i18n import tr as _

OK, WARNING, ERROR = "ok", "warning", "error"
_MARKS = {OK: "✓", WARNING: "⚠", ERROR: "✗"}


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
    facts = ", ".join(fact for fact in (share, time_left(seconds_left)) if fact)
    return f"{stage} ({facts})" if facts else stage


def percent(fraction: float | None) -> int:
    """A share of 1 as a whole number from 0 to 100; unknown is 0."""
    return min(max(int(100 * (fraction or 0.0)), 0), 100)


def megabytes(size: float) -> str:
    """Bytes as MB."""
    return _("{number} MB").format(number=f"{size / 1e6:.1f}")
