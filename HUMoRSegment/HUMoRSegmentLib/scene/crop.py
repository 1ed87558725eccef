"""The kept probabilities of a result, cut to where there can be a tumour, so that thresholds move live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.box import bounding_box
from humor.errors import UsageError
from humor.regions import REGION_KEYS
from humor.study.grid import Grid

from ..inputs.volume_node import own_grid
from . import references

LEAST = 0.01
"""Voxels whose probabilities all lie below are cut off, so no threshold can be lower."""

_Key = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Crop:
    """Probabilities in a box.

    Attributes:
        values: float32 ``[region, k, j, i]``.
        first: index ``(i, j, k)`` of the first voxel on the whole grid.
        grid: the whole grid, in the coordinates of the probability volumes.
        transform: their parent transform, or None.
    """

    values: np.ndarray
    first: tuple[int, int, int]
    grid: Grid
    transform: Any | None


_last: dict[_Key, Crop] = {}
"""At most one: that of the result whose thresholds were moved last."""


def crop_of(segmentation: Any) -> Crop:
    """The probabilities of a result; cut once, and again only after the volumes were changed.

    Raises:
        UsageError: they were not kept, were removed, or do not fit each other any more.
    """
    nodes = [segmentation.GetNodeReference(references.PROBABILITY + key) for key in REGION_KEYS]
    if any(node is None or node.GetImageData() is None for node in nodes):
        raise UsageError(
            _(
                'The probabilities of "{segmentation}" are not in the scene, so its thresholds cannot be '
                "moved. Segment again and keep the probabilities."
            ).format(segmentation=segmentation.GetName())
        )
    key = tuple((node.GetID(), int(node.GetMTime()), int(node.GetImageData().GetMTime())) for node in nodes)
    if key not in _last:
        crop = _cut(nodes)
        _last.clear()
        _last[key] = crop
    return _last[key]


def _cut(nodes: list[Any]) -> Crop:
    grid = own_grid(nodes[0])
    volumes = [slicer.util.arrayFromVolume(node) for node in nodes]
    if any(
        not own_grid(node).same_as(grid) or volume.ndim != 3
        for node, volume in zip(nodes, volumes, strict=True)
    ):
        raise UsageError(
            _("The volumes of the probabilities do not lie on one grid any more. Segment again.")
        )
    box = bounding_box(np.logical_or.reduce([volume >= LEAST for volume in volumes])) or (slice(0, 1),) * 3
    k, j, i = (int(part.start) for part in box)
    values = np.stack([volume[box] for volume in volumes]).astype(np.float32, copy=False)
    return Crop(values, (i, j, k), grid, nodes[0].GetParentTransformNode())
