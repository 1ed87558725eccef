"""Intensities of one sequence to what networks expect: z-scores inside the brain, 0 outside."""

from __future__ import annotations

import numpy as np

CLIP = 6.0  # standard deviations
TAIL = 0.1
"""Per cent of the voxels at either end that count as no more than their neighbours do."""
FLAT = 2.0
"""Per cent at either end without which there must still be two different values, or there is no image."""


def normalise(
    values: np.ndarray, own: np.ndarray, brain: np.ndarray, out: np.ndarray, inverted: bool = False
) -> bool:
    """Write ``(values - mean) / std``, clipped to ±6, inside the brain and 0 outside it to ``out``.

    Mean and standard deviation are taken over the sequence's own foreground within the brain, so
    that they do not depend on what other sequences show, and the result does not depend on the
    scale and offset of ``values``. They are those of winsorised values: whatever lies beyond the 0.1st and
    the 99.9th percentile counts as if it lay there, so that single voxels of any size change nothing
    (Dixon 1960, Ann. Math. Stat. 31:385).

    Args:
        values: any real type and scale, ``[D, H, W]``; finite.
        own: bool ``[D, H, W]``, the sequence's own foreground.
        brain: bool ``[D, H, W]``.
        out: float32 ``[D, H, W]``.
        inverted: whether larger values mean darker (a file with a negative slope).

    Returns:
        Whether there is an image: not so where all but a few voxels have one value; ``out`` is 0 then.
    """
    centre, unit = _measures(values[own & brain])
    if unit == 0.0:
        out[...] = 0.0
        return False
    with np.errstate(over="ignore"):  # what overflows is clipped
        if values.dtype.itemsize > 4:  # float32 might not hold the values, only the scores
            out[...] = np.clip((values - centre) / unit, -CLIP, CLIP)
        else:  # in place: a case has millions of voxels
            np.subtract(values, centre, out=out, casting="unsafe")
            out /= unit
            np.clip(out, -CLIP, CLIP, out=out)
    if inverted:
        np.negative(out, out=out)
    out *= brain
    return True


def _measures(inside: np.ndarray) -> tuple[float, float]:
    """Mean and deviation of winsorised values ``[N]``; deviation 0 where they show nothing."""
    if not inside.size:
        return 0.0, 0.0
    ends = np.percentile(inside, (TAIL, FLAT, 100 - FLAT, 100 - TAIL)).astype(np.float64)
    low, high = ends[0], ends[3]
    if ends[1] == ends[2]:
        return 0.0, 0.0
    # Between 0 and 1 first: squares of 1e-30 or 1e298 are no numbers.
    shares = (np.clip(inside, low, high).astype(np.float64) - low) / (high - low)
    return float(low + shares.mean() * (high - low)), float(shares.std() * (high - low))
