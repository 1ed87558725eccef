"""Which edges a window may have, as the command line and a bundle name it; imports nothing heavy."""

from __future__ import annotations

from .whole_numbers import whole_number

TOKEN = 16
"""Voxels along the edge of a token, the grid of gate weights."""
LARGEST_EDGE = 2048
"""Of a window in voxels; no head is longer on any grid that is read."""


def is_window(text: str, multiple: int) -> bool:
    """Whether a text is ``auto``, ``whole``, or an edge in voxels that is a multiple of a number."""
    edge = whole_number(text, multiple, LARGEST_EDGE)
    return text in ("auto", "whole") or (edge is not None and edge % multiple == 0)
