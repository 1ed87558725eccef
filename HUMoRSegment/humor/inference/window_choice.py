"""The whole brain as one window where memory allows, else the largest that fits; and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .windows import Triple

Window = Triple | None
"""Edges in voxels, or None for the whole brain."""

SMALLER: tuple[Triple, ...] = ((128, 128, 128), (96, 96, 96))
"""What is tried below the training window."""
COST = {(128, 128, 128): 6, (96, 96, 96): 25}
"""Points of Dice of the tumour core, in the mean of seven patients; ``make bench-windows`` measures them."""

# Peak bytes beyond the process at rest, measured on a CPU and rounded up. For the pyramid student in OpenVINO
# (bf16) those of the compiled network, and 81 per voxel of a window; in torch 529 for the teacher (fp32;
# bf16 339).
FIXED_BYTES = {"openvino": 120_000_000, "torch": 0}
BYTES_PER_VOXEL = {"openvino": 85, "torch": 700}
BYTES_PER_CUT_VOXEL = 28  # of a window that is not all: a copy of its image, and its probabilities
BYTES_PER_STITCHED_VOXEL = 16  # of the brain: sums of windows' probabilities and weights
SHARE = 0.7
"""Share of the free memory that a run may take."""


def windows_below(shape: Triple, training: Triple) -> list[Triple]:
    """The windows that are tried instead of the whole brain, from large to small.

    Args:
        shape: of the brain's box in voxels; a window that holds all of it is no smaller than that.
        training: the window that the model was trained on.
    """
    offers = [training, *(window for window in SMALLER if prod(window) < prod(training))]
    return [window for window in offers if any(w < s for w, s in zip(window, shape, strict=True))]


def bytes_needed(shape: Triple, window: Window, backend: str) -> int:
    """Bytes that a run takes beyond the process at rest.

    Args:
        shape: of the brain's box in voxels.
        window: which the network sees at a time.
        backend: ``openvino`` or ``torch``.
    """
    fixed, each = FIXED_BYTES[backend], BYTES_PER_VOXEL[backend]
    if window is None:
        return fixed + prod(shape) * each
    seen = prod(min(w, s) for w, s in zip(window, shape, strict=True))
    return fixed + seen * (each + BYTES_PER_CUT_VOXEL) + prod(shape) * BYTES_PER_STITCHED_VOXEL


def largest_window(shape: Triple, smaller: Sequence[Triple], backend: str, free: int) -> Window:
    """The whole brain, or the first of the smaller windows that fits in its share of ``free`` bytes.

    The last one is tried even where it does not seem to fit.
    """
    offers: list[Window] = [None, *smaller]
    fitting = (window for window in offers if bytes_needed(shape, window, backend) <= SHARE * free)
    return next(fitting, offers[-1])


def cost_of(window: Window, shape: Triple, training: Triple, why: str) -> str:
    """A sentence about what a window costs; empty where it is no smaller than those of the training.

    Args:
        window: that the result was made with.
        shape: of the brain's box in voxels.
        training: the window that the model was trained on.
        why: it was not larger, in words.
    """
    if window is None or all(w >= min(t, s) for w, t, s in zip(window, training, shape, strict=True)):
        return ""
    points = f", by {COST[window]} points of Dice in a test on seven patients" if window in COST else ""
    return (
        f"The result is worse than usual, the tumour core most{points}: the network saw the brain in windows "
        f"of {times(window)} voxels, smaller than in its training, because {why}. For a better one, run it "
        "again with more memory and --window auto."
    )


def times(window: Triple) -> str:
    """``128×128×128``."""
    return "×".join(map(str, window))
