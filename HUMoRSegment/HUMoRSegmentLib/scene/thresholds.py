"""Cutting the kept probabilities at other thresholds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError
from humor.inference.postprocessing import nested_masks, remove_small_components
from humor.regions import REGION_KEYS, USUAL_THRESHOLD, regions_to_labels
from humor.study.grid import Grid

from . import references
from .crop import LEAST, Crop, crop_of
from .edits import is_written, keep_edited, sentence_about_kept
from .geometry import Seat, seat_in, world_scale
from .pieces import Piece
from .segments import volumes_ml, write_region
from .volume_nodes import refill_label_maps
from .volume_table import show_volume_table, thresholds_of

__all__ = ["apply_thresholds", "volumes_ml"]


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
    limits = _checked(
        {**dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD), **thresholds_of(segmentation), **thresholds}
    )
    crop = crop_of(segmentation)
    masks = _cut(segmentation, crop, limits)
    place = seat_in(segmentation, Seat(crop.grid, crop.transform))
    with slicer.util.RenderBlocker():
        _write_segments(segmentation, masks, crop, place.grid)
        segmentation.SetAttribute(references.THRESHOLDS, json.dumps(limits))
        refill_label_maps(segmentation, lambda: _labels(crop, masks), Seat(crop.grid, crop.transform))
        show_volume_table(segmentation)
    return volumes_ml(segmentation)


def _checked(thresholds: Mapping[str, float]) -> dict[str, float]:
    if unknown := sorted(set(thresholds) - set(REGION_KEYS)):
        raise UsageError(
            _("{names}: not a region. The regions are {regions}.").format(
                names=", ".join(unknown), regions=", ".join(REGION_KEYS)
            )
        )
    for key, value in thresholds.items():
        if not LEAST <= value <= 1.0:  # also refuses NaN
            raise UsageError(
                _("{value} is no threshold for {region}: choose one from {least} to 1.").format(
                    value=value, region=key, least=LEAST
                )
            )
    return {key: float(thresholds[key]) for key in REGION_KEYS}


def _cut(segmentation: Any, crop: Crop, thresholds: Mapping[str, float]) -> np.ndarray:
    """Masks ``[region, k, j, i]`` of the box, as the engine makes them."""
    masks = nested_masks(crop.values, [thresholds[key] for key in REGION_KEYS])
    least = float(segmentation.GetAttribute(references.MIN_COMPONENT_ML) or 0.0)
    voxel_ml = crop.grid.voxel_ml * world_scale(segmentation)
    return remove_small_components(masks, voxel_ml, least)


def _write_segments(segmentation: Any, masks: np.ndarray, crop: Crop, grid: Grid) -> None:
    kept = []
    for key, mask in zip(REGION_KEYS, masks, strict=True):
        piece = Piece.of(mask, crop.first)
        if not is_written(segmentation, key, piece):
            kept.append(keep_edited(segmentation, key))
            write_region(segmentation, key, piece, grid)
    if sentence := sentence_about_kept([name for name in kept if name]):
        warnings = segmentation.GetAttribute(references.WARNINGS)
        segmentation.SetAttribute(references.WARNINGS, "\n".join(filter(None, [warnings, sentence])))


def _labels(crop: Crop, masks: np.ndarray) -> np.ndarray:
    """The BraTS label map of the whole grid, ``[k, j, i]``."""
    labels = np.zeros(crop.grid.shape[::-1], np.uint8)
    i, j, k = crop.first
    depth, height, width = masks.shape[1:]
    labels[k : k + depth, j : j + height, i : i + width] = regions_to_labels(masks)
    return labels
