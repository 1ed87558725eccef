"""How far a region's volume is off."""

from __future__ import annotations

from .mask import Mask


def volume_error_ml(found: Mask, truth: Mask) -> float:
    """``|found − truth|`` in millilitres."""
    return abs(found.volume_ml - truth.volume_ml)


def relative_volume_error(found: Mask, truth: Mask) -> float:
    """``|found − truth| / truth``; NaN where there is no truth."""
    return abs(found.size - truth.size) / truth.size if truth.size else float("nan")
