"""Intensities of one sequence to what networks expect: z-scores inside the brain, 0 outside."""

from __future__ import annotations

import numpy as np

CLIP = 6.0  # standard deviations


def normalise(
    values: np.ndarray, own: np.ndarray, brain: np.ndarray, out: np.ndarray, inverted: bool = False
) -> None:
    """Write ``(values - mean) / std``, clipped to ±6, inside the brain and 0 outside it to ``out``.

    Mean and standard deviation are taken over the sequence's own foreground within the brain, so
    that they do not depend on what other sequences show, and the result does not depend on the
    scale and offset of ``values``.

    Args:
        values: any real type, ``[D, H, W]``.
        own: bool ``[D, H, W]``, the sequence's own foreground.
        brain: bool ``[D, H, W]``.
        out: float32 ``[D, H, W]``.
        inverted: whether larger values mean darker (a file with a negative slope).
    """
    inside = values[own & brain].astype(np.float64 if values.dtype.itemsize > 4 else np.float32)
    mean = float(inside.sum(dtype=np.float64)) / max(inside.size, 1)
    inside -= mean
    deviation = float(np.sqrt(np.square(inside, out=inside).sum(dtype=np.float64) / max(inside.size, 1)))
    if deviation == 0.0:  # nothing, or one value, of this sequence in the brain
        out[...] = 0.0
        return
    np.subtract(values, mean, out=out, casting="unsafe")
    out *= (-1.0 if inverted else 1.0) / deviation
    np.clip(out, -CLIP, CLIP, out=out)
    out *= brain
