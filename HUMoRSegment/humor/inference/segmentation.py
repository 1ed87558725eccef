"""What one run found, before anything is written, and what gives reason to doubt it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..regions import REGION_KEYS
from ..routing import Routing
from ..sequences import SEQUENCES
from ..study.case import Case
from ..warnings import RunWarning, once, warn
from .plausibility import Plausibility, plausibility

# The whole tumours of the first student's 39 training patients have 15 to 231 ml. What lies far outside
# may be a false positive, a lesion of another kind, or a head that is not skull-stripped.
SMALL_ML = 1.0
LARGE_ML = 400.0
EDGE_PROBABILITY = 0.5
# What no tumour looks like. Of 348 results of student 5.0 on 24 patients of train/, in all subsets, three
# reach the first limit (all of T1 alone), none the others: their largest values are 0.30 (the 98th
# percentile is 0.15), 0.16, 0.08 and 11. All nine findings of 100 ml and more in heads without a tumour
# reach the first.
SYMMETRY = 0.25
SHARE_OF_BRAIN = 0.35
OUTSIDE_BRAIN = 0.2
PIECES = 25


@dataclass(frozen=True)
class Segmentation:
    """The result of one run.

    Attributes:
        case: what was segmented.
        probabilities: float32 ``[3, D, H, W]`` (WT, TC, ET), nested, on ``case.grid``.
        regions: bool ``[3, *case.native.shape]`` on the native grid, in its file's axis order,
            nested, after thresholds and removal of small components.
        routing: gate weights on places inside ``case.grid``; no gates if the model has none.
        model: facts about the bundle: ``name``, ``architecture``, ``sha256``, ``version``.
        device: what it ran on in the end, e.g. ``cpu (OpenVINO, bf16)``.
        fallbacks: what had to be given up for memory.
        warnings: of the run, for the user; ``result_warnings`` finds those that follow from the result.
        seconds: stage → seconds.
    """

    case: Case
    probabilities: np.ndarray
    regions: np.ndarray
    routing: Routing
    model: dict[str, str]
    device: str
    fallbacks: list[RunWarning] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def plausibility(self) -> Plausibility | None:
        """What the whole tumour looks like as a whole; None if none was found. Counted once."""
        return plausibility(self.regions[0], self.case)

    def volumes_ml(self) -> dict[str, float]:
        """Region → volume in millilitres on the native grid."""
        voxel = self.case.native.voxel_ml
        # Counting bits is many times faster than sum(), which makes a whole number of each.
        counts = [int(np.count_nonzero(mask)) for mask in self.regions]
        return {key: count * voxel for key, count in zip(REGION_KEYS, counts, strict=True)}


def result_warnings(segmentation: Segmentation) -> list[RunWarning]:
    """Warnings that follow from the result and from which sequences were given."""
    return [
        *_about_sequences(segmentation),
        *_about_size(segmentation),
        *implausible(segmentation),
        *_about_edges(segmentation),
    ]


def all_warnings(segmentation: Segmentation) -> list[RunWarning]:
    """Those of the case, of the run and of the result, each once, in this order."""
    return once([*segmentation.case.warnings, *segmentation.warnings, *result_warnings(segmentation)])


def _about_sequences(segmentation: Segmentation) -> list[RunWarning]:
    given = [name for name, there in zip(SEQUENCES, segmentation.case.available, strict=True) if there]
    warnings = []
    if len(given) == 1:
        warnings.append(warn("one_sequence", sequences=given))
    if "t1c" not in given:
        warnings.append(warn("t1c_missing"))
    if "flair" not in given and "t2" not in given:
        warnings.append(warn("flair_and_t2_missing"))
    return warnings


def _about_size(segmentation: Segmentation) -> list[RunWarning]:
    whole = segmentation.volumes_ml()["WT"]
    if whole == 0:
        return [warn("no_tumour")]
    if whole < SMALL_ML:
        return [warn("tiny_tumour", volume_ml=whole)]
    return [warn("huge_tumour", volume_ml=whole)] if whole > LARGE_ML else []


def implausible(segmentation: Segmentation) -> list[RunWarning]:
    """The warning that a result does not look like a tumour, if it does not."""
    numbers = segmentation.plausibility
    if numbers is None:
        return []
    share = numbers.share_of_brain if numbers.share_of_brain >= SHARE_OF_BRAIN else None
    outside = numbers.outside_brain if numbers.outside_brain >= OUTSIDE_BRAIN else None
    place, other = ("head", "brain") if segmentation.case.skull else ("brain", "head")
    odd = {
        "symmetry": numbers.symmetry if (numbers.symmetry or 0.0) >= SYMMETRY else None,
        f"share_of_{place}": share,
        f"outside_{place}": outside,
        "pieces": numbers.pieces if numbers.pieces >= PIECES else None,
    }
    if all(value is None for value in odd.values()):
        return []
    return [warn("implausible_tumour", **odd, **{f"share_of_{other}": None, f"outside_{other}": None})]


def _about_edges(segmentation: Segmentation) -> list[RunWarning]:
    inside_crop = segmentation.probabilities[0] >= EDGE_PROBABILITY
    at_edge = _touches_border(segmentation.regions[0]) or _touches_border(inside_crop)
    return [warn("tumour_at_edge")] if at_edge else []


def _touches_border(mask: np.ndarray) -> bool:
    ends = (0, -1)
    return any(mask[end].any() or mask[:, end].any() or mask[:, :, end].any() for end in ends)
