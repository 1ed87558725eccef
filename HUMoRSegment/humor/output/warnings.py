"""Sentences that warn of results to be looked at with more doubt than usual."""

from __future__ import annotations

import numpy as np

from ..inference.segmentation import Segmentation
from ..sequences import SEQUENCES, display

# The whole tumours of the first student's 39 training patients have 15 to 231 ml. What lies far outside
# may be a false positive, a lesion of another kind, or a head that is not skull-stripped.
SMALL_ML = 1.0
LARGE_ML = 400.0
EDGE_PROBABILITY = 0.5


def result_warnings(segmentation: Segmentation) -> list[str]:
    """Warnings that follow from the result and from which sequences were given."""
    return [*_about_sequences(segmentation), *_about_size(segmentation), *_about_edges(segmentation)]


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


def _about_edges(segmentation: Segmentation) -> list[str]:
    inside_crop = segmentation.probabilities[0] >= EDGE_PROBABILITY
    if _touches_border(segmentation.regions[0]) or _touches_border(inside_crop):
        return ["The tumour reaches the edge of the image: a part of it may lie outside and be missing."]
    return []


def _touches_border(mask: np.ndarray) -> bool:
    ends = (0, -1)
    return any(mask[end].any() or mask[:, end].any() or mask[:, :, end].any() for end in ends)
