"""What is measured of one region, by name: overlap, distance, volume, calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from humor.errors import UsageError
from humor.regions import REGION_KEYS

from .lesions import lesion_dice
from .mask import Mask, overlap


@dataclass(frozen=True)
class Pair:
    """A region as found and in truth, on one grid.

    Attributes:
        found: what was segmented.
        truth: what the expert marked.
        probability: of the voxels of the brain, ``[N]``; empty unless calibration is measured.
        marked: bool ``[N]``, whether the expert marked these voxels.
    """

    found: Mask
    truth: Mask
    probability: np.ndarray
    marked: np.ndarray


@dataclass(frozen=True)
class Measure:
    """Attributes:
    title: for tables, with its unit.
    of: the number, NaN where it is undefined.
    higher_is_better: the direction.
    digits: decimals in tables.
    """

    title: str
    of: Callable[[Pair], float]
    higher_is_better: bool
    digits: int


DICE, CALIBRATION = "dice", "ece"

MEASURES: dict[str, Measure] = {
    DICE: Measure("Dice", lambda pair: mask_dice(pair.found, pair.truth), True, 3),
    "hd95_mm": Measure("HD95 (mm)", lambda pair: hd95(pair.found, pair.truth), False, 1),
    "lesion_dice": Measure("Lesion-wise Dice", lambda pair: lesion_dice(pair.found, pair.truth), True, 3),
    "volume_error_ml": Measure(
        "Volume error (ml)", lambda pair: volume_error_ml(pair.found, pair.truth), False, 1
    ),
    "volume_error": Measure(
        "Relative volume error", lambda pair: relative_volume_error(pair.found, pair.truth), False, 3
    ),
    "sensitivity": Measure("Sensitivity", lambda pair: sensitivity(pair.found, pair.truth), True, 3),
    "precision": Measure("Precision", lambda pair: precision(pair.found, pair.truth), True, 3),
    CALIBRATION: Measure(
        "Expected calibration error in the brain",
        lambda pair: calibration_error(pair.probability, pair.marked),
        False,
        4,
    ),
}
"""Column name → measure, in the order of tables."""


def checked_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of tables.

    Raises:
        UsageError: a name is unknown.
    """
    if unknown := sorted(set(names) - set(MEASURES)):
        raise UsageError(f"{', '.join(unknown)}: no such metric. Known: {', '.join(MEASURES)}.")
    return tuple(name for name in MEASURES if name in names)


def dice(prediction: np.ndarray, truth: np.ndarray) -> float:
    """``2 |A ∩ B| / (|A| + |B|)`` of two bool masks; 1 where both are empty (as BraTS counts)."""
    return dice_of_counts(int((prediction & truth).sum()), int(prediction.sum()), int(truth.sum()))


def dice_of_counts(both: int, found: int, truth: int) -> float:
    """Dice from numbers of voxels: in both masks, in one, in the other."""
    return 1.0 if found + truth == 0 else 2.0 * both / (found + truth)


def region_dice(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Region → Dice of bool masks ``[3, ...]`` (WT, TC, ET)."""
    pairs = zip(REGION_KEYS, prediction, truth, strict=True)
    return {key: dice(guess, expert) for key, guess, expert in pairs}


def mask_dice(found: Mask, truth: Mask) -> float:
    """Dice of two masks; 1 where both are empty."""
    return dice_of_counts(overlap(found, truth), found.size, truth.size)


def sensitivity(found: Mask, truth: Mask) -> float:
    """Share of the truth that was found; NaN where there is no truth."""
    return overlap(found, truth) / truth.size if truth.size else float("nan")


def precision(found: Mask, truth: Mask) -> float:
    """Share of what was found that is true; NaN where nothing was found."""
    return overlap(found, truth) / found.size if found.size else float("nan")


def volume_error_ml(found: Mask, truth: Mask) -> float:
    """``|found − truth|`` in millilitres."""
    return abs(found.volume_ml - truth.volume_ml)


def relative_volume_error(found: Mask, truth: Mask) -> float:
    """``|found − truth| / truth``; NaN where there is no truth."""
    return abs(found.size - truth.size) / truth.size if truth.size else float("nan")


PERCENTILE = 95
PENALTY_MM = 374.0
"""Where only one mask is empty, as BraTS counts: the diagonal of its grid (240 × 240 × 155 mm), rounded."""


def hd95(found: Mask, truth: Mask) -> float:
    """Symmetric 95th percentile Hausdorff distance in mm.

    The larger of the two percentiles: of the distances from each surface voxel of one mask to the
    nearest surface voxel of the other, and back. As MONAI's ``compute_hausdorff_distance``.

    Returns:
        the distance; 0 if both masks are empty, ``PENALTY_MM`` if one is.
    """
    if not found.size and not truth.size:
        return 0.0
    if not found.size or not truth.size:
        return PENALTY_MM
    there, _ = truth.tree.query(found.surface)
    back, _ = found.tree.query(truth.surface)
    return float(max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE)))


BINS = 15


def calibration_error(probability: np.ndarray, truth: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error ``Σ n_b / N · |share of truth in b − mean probability in b|``.

    Of the probability of a region, not of the more likely class, so that bins span 0 to 1; equal widths.
    Formula: Guo et al. 2017 (arXiv 1706.04599), with the positive class as in Naeini et al. 2015.
    The result depends on the mask that voxels are taken from: a larger background makes it smaller.

    Args:
        probability: ``[N]`` of the voxels of some mask, 0 to 1.
        truth: bool ``[N]``, whether each belongs to the region.
        bins: how many.

    Returns:
        0 to 1; NaN without voxels.
    """
    if not probability.size:
        return float("nan")
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    # N cancels: the n_b of the weights and of the means are the same.
    said = np.bincount(place, probability, bins)
    true = np.bincount(place, truth, bins)
    return float(np.abs(true - said).sum() / probability.size)
