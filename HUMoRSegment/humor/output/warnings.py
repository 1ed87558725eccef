"""Sentences that warn of results to be looked at with more doubt than usual."""

from __future__ import annotations

import numpy as np

from ..inference.segmentation import Segmentation
from ..sequences import SEQUENCES, display
from .plausibility_line import place_of

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


def result_warnings(segmentation: Segmentation) -> list[str]:
    """Warnings that follow from the result and from which sequences were given."""
    return [
        *_about_sequences(segmentation),
        *_about_size(segmentation),
        *implausible(segmentation),
        *_about_edges(segmentation),
    ]


def all_warnings(segmentation: Segmentation) -> list[str]:
    """Those of the case, of the run and of the result, each once, in this order."""
    sentences = [*segmentation.case.warnings, *segmentation.warnings, *result_warnings(segmentation)]
    return list(dict.fromkeys(sentences))


def _about_sequences(segmentation: Segmentation) -> list[str]:
    given = [name for name, there in zip(SEQUENCES, segmentation.case.available, strict=True) if there]
    sentences = []
    if len(given) == 1:
        sentences.append(
            f"Only {display(given)} was given: one sequence alone makes every region less certain."
        )
    if "t1c" not in given:
        sentences.append("T1c is missing, so the enhancing tumour and the tumour core are less certain.")
    if "flair" not in given and "t2" not in given:
        sentences.append(
            "FLAIR and T2 are missing, so the outline of the whole tumour (oedema) is less certain."
        )
    return sentences


def _about_size(segmentation: Segmentation) -> list[str]:
    whole = segmentation.volumes_ml()["WT"]
    if whole == 0:
        return ["No tumour was found. This does not show that there is none: look at the images."]
    if whole < SMALL_ML:
        return [f"The whole tumour is very small ({whole:.2f} ml): it may be a false finding."]
    if whole > LARGE_ML:
        return [
            f"The whole tumour is very large ({whole:.0f} ml): check that the images are of a brain, "
            "skull-stripped, and that each sequence has its right role."
        ]
    return []


def implausible(segmentation: Segmentation) -> list[str]:
    """The warning that a result looks like no tumour does, if it does not."""
    numbers = segmentation.plausibility
    if numbers is None:
        return []
    place = place_of(segmentation.case)
    odd = []
    if numbers.symmetry is not None and numbers.symmetry >= SYMMETRY:
        odd.append(
            f"{numbers.symmetry:.0%} of it (off the mid-plane) is mirrored on the other side of the head"
        )
    if numbers.share_of_brain >= SHARE_OF_BRAIN:
        odd.append(f"it takes {numbers.share_of_brain:.0%} of the {place}")
    if numbers.outside_brain >= OUTSIDE_BRAIN:
        odd.append(f"{numbers.outside_brain:.0%} of it lies outside the {place}")
    if numbers.pieces >= PIECES:
        odd.append(f"it is in {numbers.pieces} pieces")
    if not odd:
        return []
    return [
        f"The whole tumour looks like no tumour does: {', '.join(odd)}. It may be none at all: check that "
        "each sequence has its right role and that the head is skull-stripped, and look at the images."
    ]


def _about_edges(segmentation: Segmentation) -> list[str]:
    inside_crop = segmentation.probabilities[0] >= EDGE_PROBABILITY
    if _touches_border(segmentation.regions[0]) or _touches_border(inside_crop):
        return ["The tumour reaches the edge of the image: a part of it may lie outside and be missing."]
    return []


def _touches_border(mask: np.ndarray) -> bool:
    ends = (0, -1)
    return any(mask[end].any() or mask[:, end].any() or mask[:, :, end].any() for end in ends)
