"""Cutting the kept probabilities at other thresholds, quickly enough for a slider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.box import bounding_box
from humor.errors import UsageError
from humor.inference.postprocessing import nested_masks, remove_small_components
from humor.regions import REGION_KEYS, regions_to_labels
from humor.study.grid import Grid

from . import references
from .geometry import Placement, own_grid, placement_in, world_scale
from .provenance import thresholds_in_force
from .result_volumes import refill_label_maps
from .segments import CroppedMask, is_written, keep_edited, sentence_about_kept, volumes_ml, write_region
from .tables import show_volume_table

LEAST_PROBABILITY = 0.01
"""Voxels whose probabilities all lie below are cut off, so no threshold can be lower."""
_CropKey = tuple[tuple[str, int, int], ...]
_last_crop: dict[_CropKey, CroppedProbabilities] = {}
"""At most one: that of the result whose thresholds were moved last."""


@dataclass(frozen=True)
class CroppedProbabilities:
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


def apply_thresholds(segmentation: Any, thresholds: Mapping[str, float]) -> dict[str, float]:
    """Cut a result's probabilities again: segments, table of volumes and label maps follow.

    A segment whose voxels stay the same is not touched. One that changes, and that the user had edited,
    is first copied into a hidden segment; the result's warnings say so.

    Args:
        segmentation: the result.
        thresholds: region → probability from which a voxel belongs to it, 0.01 to 1. A region that is
            not named keeps its own.

    Returns:
        Volumes in ml by region, counted in the segments.

    Raises:
        UsageError: no probabilities were kept, or a region or threshold is none.
    """
    limits = _checked({**thresholds_in_force(segmentation), **thresholds})
    crop = cropped_probabilities(segmentation)
    masks = _masks(segmentation, crop, limits)
    place = placement_in(segmentation, Placement(crop.grid, crop.transform))
    with slicer.util.RenderBlocker():
        _write_segments(segmentation, masks, crop, place.grid)
        segmentation.SetAttribute(references.THRESHOLDS, json.dumps(limits))
        refill_label_maps(segmentation, lambda: _labels(crop, masks), Placement(crop.grid, crop.transform))
        show_volume_table(segmentation)
    return volumes_ml(segmentation)


def cropped_probabilities(segmentation: Any) -> CroppedProbabilities:
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
    if key not in _last_crop:
        crop = _cropped(nodes)
        _last_crop.clear()
        _last_crop[key] = crop
    return _last_crop[key]


def _checked(thresholds: Mapping[str, float]) -> dict[str, float]:
    if unknown := sorted(set(thresholds) - set(REGION_KEYS)):
        raise UsageError(
            _("{names}: not a region. The regions are {regions}.").format(
                names=", ".join(unknown), regions=", ".join(REGION_KEYS)
            )
        )
    for key, value in thresholds.items():
        if not LEAST_PROBABILITY <= value <= 1.0:  # also refuses NaN
            raise UsageError(
                _("{value} is not a valid threshold for {region}: choose a number from {least} to 1.").format(
                    value=value, region=key, least=LEAST_PROBABILITY
                )
            )
    return {key: float(thresholds[key]) for key in REGION_KEYS}


def _cropped(nodes: list[Any]) -> CroppedProbabilities:
    grid = own_grid(nodes[0])
    volumes = [slicer.util.arrayFromVolume(node) for node in nodes]
    if any(
        not own_grid(node).same_as(grid) or volume.ndim != 3
        for node, volume in zip(nodes, volumes, strict=True)
    ):
        raise UsageError(_("The probability volumes no longer lie on one grid. Segment again."))
    box = (
        bounding_box(np.logical_or.reduce([volume >= LEAST_PROBABILITY for volume in volumes]))
        or (slice(0, 1),) * 3
    )
    k, j, i = (int(part.start) for part in box)
    values = np.stack([volume[box] for volume in volumes]).astype(np.float32, copy=False)
    return CroppedProbabilities(values, (i, j, k), grid, nodes[0].GetParentTransformNode())


def _masks(segmentation: Any, crop: CroppedProbabilities, thresholds: Mapping[str, float]) -> np.ndarray:
    """Masks ``[region, k, j, i]`` of the box, as the engine makes them."""
    masks = nested_masks(crop.values, [thresholds[key] for key in REGION_KEYS])
    least = float(segmentation.GetAttribute(references.MIN_COMPONENT_ML) or 0.0)
    voxel_ml = crop.grid.voxel_ml * world_scale(segmentation)
    return remove_small_components(masks, voxel_ml, least)


def _write_segments(segmentation: Any, masks: np.ndarray, crop: CroppedProbabilities, grid: Grid) -> None:
    kept = []
    for key, mask in zip(REGION_KEYS, masks, strict=True):
        cropped = CroppedMask.of(mask, crop.first)
        if not is_written(segmentation, key, cropped):
            kept.append(keep_edited(segmentation, key))
            write_region(segmentation, key, cropped, grid)
    if sentence := sentence_about_kept([name for name in kept if name]):
        warnings = segmentation.GetAttribute(references.WARNINGS)
        segmentation.SetAttribute(references.WARNINGS, "\n".join(filter(None, [warnings, sentence])))


def _labels(crop: CroppedProbabilities, masks: np.ndarray) -> np.ndarray:
    """The BraTS label map of the whole grid, ``[k, j, i]``."""
    labels = np.zeros(crop.grid.shape[::-1], np.uint8)
    i, j, k = crop.first
    depth, height, width = masks.shape[1:]
    labels[k : k + depth, j : j + height, i : i + width] = regions_to_labels(masks)
    return labels
