"""Large weights as 8-bit integers with one limit per output channel: half the size of half precision.

Symmetric rounding, ``w ≈ limit · q / 127`` with ``q`` in −127..127 and ``limit = max|w|`` of each slice
along the first axis, as in weight-only quantisation of language models (arXiv 2206.01861). Weights are
turned back into floats when a network is loaded, so it runs as any other.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import BundleError

LIMIT = ".limit_of_8_bit"
"""Added to a tensor's name: the name of its limits."""
SMALLEST = 16_384
"""Values; smaller tensors (norms, biases, gates, heads) stay as they are."""
LEVELS = 127


def compress(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Large floating-point tensors of at least two axes as int8 with float16 limits, beside the others."""
    stored: dict[str, np.ndarray] = {}
    for name, array in weights.items():
        if array.dtype.kind != "f" or array.ndim < 2 or array.size < SMALLEST:
            stored[name] = array
            continue
        rows = array.reshape(len(array), -1).astype(np.float32)
        # Rounded to half precision first, because that is how it will be read.
        limit = np.maximum(np.abs(rows).max(axis=1), np.finfo(np.float16).tiny).astype(np.float16)
        levels = np.rint(rows / limit[:, None].astype(np.float32) * LEVELS)
        stored[name] = np.clip(levels, -LEVELS, LEVELS).astype(np.int8).reshape(array.shape)
        stored[name + LIMIT] = limit
    return stored


def restore(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors that ``compress`` was given, rounded; tensors without limits stay as they are.

    Raises:
        BundleError: limits do not fit their tensor.
    """
    weights: dict[str, np.ndarray] = {}
    for name, array in stored.items():
        if name.endswith(LIMIT):
            if name.removesuffix(LIMIT) not in stored:
                raise BundleError(f"{name} belongs to no tensor. Get the model again.")
            continue
        limit = stored.get(name + LIMIT)
        if limit is None:
            weights[name] = array
        elif limit.shape != array.shape[:1] or array.dtype != np.int8:
            raise BundleError(f"{name} and its limits do not fit each other. Get the model again.")
        else:
            wide = limit.astype(np.float32).reshape(-1, *[1] * (array.ndim - 1))
            weights[name] = array * (wide / LEVELS)
    return weights
