"""The weights of a gate under the mouse cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from ..scene.geometry import to_segmentation
from .gates import gates_of, shown_map
from .weights import percent_text

_AXES = (("R", "L"), ("A", "P"), ("S", "I"))


def weights_at(segmentation: Any, gate: str, ras: Sequence[float]) -> dict[str, float] | None:
    """Weights of a gate's experts at a point.

    Args:
        segmentation: the result.
        gate: the gate's name.
        ras: in world coordinates, mm.

    Returns:
        Expert → 0 to 1; None outside the gate's map, or where there is no such gate.
    """
    found = next((one for one in gates_of(segmentation) if one.name == gate), None)
    if found is None:
        return None
    shown = shown_map(segmentation, found)
    point = np.array([to_segmentation(segmentation, ras)])
    i, j, k = (int(index) for index in shown.places(point)[0])
    if not all(0 <= index < size for index, size in zip((i, j, k), shown.shape, strict=True)):
        return None
    values = shown.weights[:, k, j, i]
    return {name: float(value) for name, value in zip(found.experts, values, strict=True)}


def cursor_text(segmentation: Any, gate: str, ras: Sequence[float]) -> str:
    """The weights at a point in words; empty where there are none."""
    weights = weights_at(segmentation, gate, ras)
    return weights_sentence(gate, ras, weights) if weights else ""


class CursorReader:
    """Tells the weights under the mouse cursor until it is stopped.

    Args:
        segmentation: the result.
        gate: the gate's name.
        told: called with a sentence whenever the cursor moved in a slice view; with an empty one when
            it left the views or the map.
    """

    def __init__(self, segmentation: Any, gate: str, told: Callable[[str], None]) -> None:
        self._segmentation, self._gate, self._told = segmentation, gate, told
        self._crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        self._tag: int | None = None
        if self._crosshair is not None:
            event = slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent
            self._tag = self._crosshair.AddObserver(event, self._moved)

    def stop(self) -> None:
        """Tell nothing any more. May be called twice."""
        if self._crosshair is not None and self._tag is not None:
            self._crosshair.RemoveObserver(self._tag)
        self._crosshair, self._tag = None, None

    def _moved(self, _caller: Any, _event: str) -> None:
        if not slicer.mrmlScene.IsNodePresent(self._segmentation):
            self.stop()
            self._told("")
            return
        ras = [0.0, 0.0, 0.0]
        inside = self._crosshair.GetCursorPositionRAS(ras)
        self._told(cursor_text(self._segmentation, self._gate, ras) if inside else "")


def weights_sentence(gate: str, ras: Sequence[float], weights: Mapping[str, float]) -> str:
    """A gate's weights at a place, as in ``group2/block5 at (R 12, P 8, S 40): expert 1 62 %, …``.

    Args:
        gate: its name.
        ras: in mm; written as Slicer's Data Probe writes it, with the letter of the side.
        weights: expert → 0 to 1.
    """
    place = ", ".join(
        f"{letters[round(value) < 0]} {abs(round(value))}" for letters, value in zip(_AXES, ras, strict=True)
    )
    shares = ", ".join(f"{name} {percent_text(weight)}" for name, weight in weights.items())
    return _("{gate} at ({place}): {shares}").format(gate=gate, place=place, shares=shares)
