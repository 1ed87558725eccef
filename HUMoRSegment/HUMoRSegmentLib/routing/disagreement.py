"""Where a gate's experts disagree most: the place to look at first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.regions import REGION_KEYS

from ..scene.geometry import Point, matrix_between, own_grid, to_world
from ..scene.provenance import source_volume
from ..scene.segments import read_image
from .gates import ShownMap, find_gate, shown_map
from .weights import percent_text

_FILLED = 0.25
"""A place of the map counts if it holds at least this share of the tumour voxels (or brain voxels) that
the fullest place holds: not one that the tumour merely touches."""
TUMOUR, BRAIN, IMAGE = "tumour", "brain", "image"


class Points(NamedTuple):
    """Centres of voxels.

    Attributes:
        ras: ``[n, 3]`` in the segmentation's own coordinates, mm; at least one.
        within: ``tumour`` or ``brain``.
    """

    ras: np.ndarray
    within: str


class Dispute(NamedTuple):
    """The most disputed place.

    Attributes:
        ras: a point of the tumour or brain there, in world coordinates, mm.
        entropy: how evenly the experts share the decision: 0 for one alone, 1 for all alike.
        within: ``tumour``, ``brain`` or ``image``: where it was looked for.
    """

    ras: Point
    entropy: float
    within: str


def most_disputed(segmentation: Any, gate: str) -> Point:
    """RAS, in world coordinates, of the place where the experts of a gate disagree most.

    Raises:
        UsageError: there is no such gate.
    """
    return find_dispute(segmentation, gate).ras


def find_dispute(segmentation: Any, gate: str) -> Dispute:
    """The place of highest entropy inside the tumour, or else the brain, or else the whole map.

    Raises:
        UsageError: there is no such gate.
    """
    shown = shown_map(segmentation, find_gate(segmentation, gate))
    evenness = normalised_entropy(shown.weights).transpose(2, 1, 0)  # [i, j, k]
    points = points_to_search(segmentation)
    place = _place(evenness, shown, points) if points is not None else None
    if points is not None and place is not None:
        number, ras, within = *place, points.within
    else:
        number, within = int(evenness.argmax()), IMAGE
        ras = shown.affine[:3, :3] @ np.unravel_index(number, shown.shape) + shown.affine[:3, 3]
    return Dispute(to_world(segmentation, ras.tolist()), float(evenness.flat[number]), within)


def normalised_entropy(weights: np.ndarray) -> np.ndarray:
    """Entropy ``[k, j, i]`` of weights ``[experts, k, j, i]``: 0 one expert alone, 1 all alike.

    "All" are the experts that take part in this gate: those of missing sequences weigh nothing anywhere
    and are no party to a disagreement.
    """
    parties = int((weights > 0).any(axis=(1, 2, 3)).sum())
    if parties < 2:
        return np.zeros(weights.shape[1:], np.float32)
    safe = np.clip(weights, np.finfo(np.float32).tiny, None)
    return np.clip(-(weights * np.log(safe)).sum(axis=0) / np.log(parties), 0.0, 1.0)


def dispute_text(gate: str, dispute: Dispute) -> str:
    """In words how much the experts disagree, and where it was looked for."""
    sentences = {
        TUMOUR: _(
            "The experts of {gate} disagree most here, inside the tumour: "
            "the entropy of their weights is {share} of its maximum."
        ),
        BRAIN: _(
            "The experts of {gate} disagree most here, inside the brain: "
            "the entropy of their weights is {share} of its maximum."
        ),
        IMAGE: _(
            "The experts of {gate} disagree most here in the image: "
            "the entropy of their weights is {share} of its maximum."
        ),
    }
    return sentences[dispute.within].format(gate=gate, share=percent_text(dispute.entropy))


def points_to_search(segmentation: Any) -> Points | None:
    """The whole tumour; without one, what is bright in the image that was segmented; else None."""
    tumour = _tumour(segmentation)
    if len(tumour):
        return Points(tumour, TUMOUR)
    brain = _bright(segmentation)
    return Points(brain, BRAIN) if len(brain) else None


def _place(evenness: np.ndarray, shown: ShownMap, points: Points) -> tuple[int, np.ndarray] | None:
    """Flat index ``[i, j, k]`` of the most disputed place that holds points, and the point nearest to their
    middle there.
    """
    places = shown.places(points.ras)
    inside = ((places >= 0) & (places < shown.shape)).all(axis=1)
    if not inside.any():
        return None
    ras, flat = points.ras[inside], np.ravel_multi_index(places[inside].T, shown.shape)
    counts = np.bincount(flat, minlength=evenness.size)
    best = int(np.where(counts >= _FILLED * counts.max(), evenness.ravel(), -1.0).argmax())
    there = ras[flat == best]
    nearest = ((there - there.mean(axis=0)) ** 2).sum(axis=1).argmin()
    return best, there[nearest]


def _tumour(segmentation: Any) -> np.ndarray:
    """Voxels ``[n, 3]`` of the segment of the whole tumour."""
    found = read_image(segmentation, REGION_KEYS[0])
    return _centres(found[0], found[1].affine) if found is not None else np.empty((0, 3))


def _bright(segmentation: Any) -> np.ndarray:
    """Voxels ``[n, 3]`` of the segmented image that are brighter than its background."""
    from humor.study.brain import otsu_threshold

    volume = source_volume(segmentation)
    if volume is None or volume.GetImageData() is None:
        return np.empty((0, 3))
    values = slicer.util.arrayFromVolume(volume)
    if values.ndim != 3 or not values.size:
        return np.empty((0, 3))
    to_segmentation = matrix_between(volume.GetParentTransformNode(), segmentation.GetParentTransformNode())
    return _centres(values > otsu_threshold(values), to_segmentation @ own_grid(volume).affine)


def _centres(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """RAS ``[n, 3]`` of the voxels of a mask ``[k, j, i]``."""
    k, j, i = np.nonzero(mask)
    return np.stack([i, j, k], axis=1) @ affine[:3, :3].T + affine[:3, 3]
