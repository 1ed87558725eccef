"""Keeping the colours over the images what the panel says, without drawing them at every tick of a slider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import slicer

from ..gates.overlay import hide_overlay, show_dominant, show_expert
from ..parameters import DOMINANT_OVERLAY, EXPERT_OVERLAY, NO_OVERLAY
from .delayed import Delayed
from .failures import sentence
from .words import ERROR, mark

MILLISECONDS = 80


class _Wanted(NamedTuple):
    segmentation: str  # ID
    gate: str
    expert: str
    overlay: str
    opacity: float


class OverlayFollower:
    """Draws the overlay that is wanted, a moment after it was wanted.

    Args:
        tell: called with a sentence where that failed, and with nothing where it did not.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._wanted: _Wanted | None = None
        self._drawn: _Wanted | None = None
        self._soon = Delayed(self._draw, MILLISECONDS)

    def show(self, segmentation: Any, gate: str, expert: str, overlay: str, opacity: float) -> None:
        """What is wanted from now on.

        Args:
            segmentation: the result.
            gate: its gate.
            expert: whose weight; without meaning for the other overlays.
            overlay: one of the parameters' words.
            opacity: 0 to 1.
        """
        named = expert if overlay == EXPERT_OVERLAY else ""
        self._wanted = _Wanted(segmentation.GetID(), gate, named, overlay, opacity)
        if overlay == NO_OVERLAY and (self._drawn is None or self._drawn.overlay == NO_OVERLAY):
            self._drawn = self._wanted  # nothing of ours is drawn: leave the views alone
        if self._wanted != self._drawn:
            self._soon.start()

    def forget(self) -> None:
        """Another result, or none: hide what is drawn."""
        self._soon.stop()
        drawn, self._drawn, self._wanted = self._drawn, None, None
        if drawn is not None and drawn.overlay != NO_OVERLAY:
            segmentation = slicer.mrmlScene.GetNodeByID(drawn.segmentation)
            if segmentation is not None:
                hide_overlay(segmentation)

    def _draw(self) -> None:
        wanted = self._wanted
        segmentation = slicer.mrmlScene.GetNodeByID(wanted.segmentation) if wanted is not None else None
        if wanted is None or segmentation is None:
            return
        try:
            if wanted.overlay == EXPERT_OVERLAY:
                show_expert(segmentation, wanted.gate, wanted.expert, wanted.opacity)
            elif wanted.overlay == DOMINANT_OVERLAY:
                show_dominant(segmentation, wanted.gate, wanted.opacity)
            else:
                hide_overlay(segmentation)
        except Exception as error:
            self._tell(mark(ERROR, sentence(error)))
            return
        self._drawn = wanted
        self._tell("")
