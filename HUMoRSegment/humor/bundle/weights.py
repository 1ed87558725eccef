"""Weights as safetensors in pieces: half precision or 8 bits, no file of 16 MB or more, no torch.

Pieces, because code hosts and mail gateways refuse large files. The format can hold numbers only,
so reading it can never run code (https://github.com/huggingface/safetensors).

In 8 bits large weights take half of the size again, with one limit per output channel: symmetric rounding,
``w ≈ limit · q / 127`` with ``q`` in −127..127 and ``limit = max|w|`` of each slice along the first axis, as
in weight-only quantisation of language models (arXiv 2206.01861). Weights are turned back into floats when a
network is loaded, so it runs as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..errors import BundleError

MAX_SHARD_BYTES = 16_000_000
LIMIT = ".limit_of_8_bit"
"""Added to a tensor's name: the name of its limits in 8 bits."""
SMALLEST = 16_384
"""Values; smaller tensors (norms, biases, gates, heads) are not stored in 8 bits."""
LEVELS = 127
_SINGLE = "model.safetensors"
_PATTERN = re.compile(r"model(?:-(\d{5})-of-(\d{5}))?\.safetensors")
_HEADER_BYTES = 256  # more than a tensor's entry in the file's header takes, name excluded


def encode_weights(weights: Mapping[str, np.ndarray], max_bytes: int = MAX_SHARD_BYTES) -> dict[str, bytes]:
    """Weights to the content of files.

    Args:
        weights: name → array of any float type (stored as float16) or integer type (kept).
        max_bytes: every file is smaller; only a single tensor that is larger gets a larger file.

    Returns:
        File name → content: ``model.safetensors``, or ``model-00001-of-00003.safetensors``, ...

    Raises:
        BundleError: no weights, a value that is not finite or too large for half precision, or an
            array of another type.
    """
    from safetensors.numpy import save

    if not weights:
        raise BundleError("There are no weights to save.")
    shards = _pack({name: _halved(name, array) for name, array in weights.items()}, max_bytes)
    if len(shards) == 1:
        return {_SINGLE: save(shards[0])}
    return {
        f"model-{number:05d}-of-{len(shards):05d}.safetensors": save(shard)
        for number, shard in enumerate(shards, 1)
    }


def weight_files(files: Iterable[str], where: Path) -> list[str]:
    """Those of a bundle's files that hold weights, in order.

    Raises:
        BundleError: there are none, or one of several pieces is not listed.
    """
    found = sorted(name for name in files if _PATTERN.fullmatch(name))
    matches = [_PATTERN.fullmatch(name) for name in found]
    pieces = [(match[1], match[2]) for match in matches if match]
    if pieces in ([], [(None, None)]):
        wanted = [_SINGLE]
    else:
        total = int(pieces[0][1] or 1)
        wanted = [f"model-{number:05d}-of-{total:05d}.safetensors" for number in range(1, total + 1)]
    if found != wanted:
        missing = sorted(set(wanted) - set(found)) or found
        raise BundleError(
            f"{where}: the weights are not complete ({', '.join(missing)}). Get the model again."
        )
    return found


def decode_weights(data: bytes, path: Path) -> dict[str, np.ndarray]:
    """The tensors of one file's content, in its own types.

    Raises:
        BundleError: it is not a safetensors file, or holds a type that numpy lacks.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise BundleError(f"{path} holds no readable weights ({error}). Get the model again.") from error


def check_shapes(
    found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]], where: Path
) -> None:
    """Check that weights fit a network.

    Args:
        found: tensor → shape, of the weights.
        wanted: tensor → shape, of the network.
        where: the bundle, for the message.

    Raises:
        BundleError: tensors missing, left over, or of another shape.
    """
    problems = [f"{name} is missing" for name in wanted if name not in found]
    problems += [f"{name} is not part of the network" for name in found if name not in wanted]
    problems += [
        f"{name} has shape {tuple(found[name])} instead of {tuple(wanted[name])}"
        for name in wanted
        if name in found and tuple(found[name]) != tuple(wanted[name])
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise BundleError(
            f"{where}: the weights do not fit the architecture: {'; '.join(problems[:3])}{more}. "
            "Get a model made for this version of HUMoR."
        )


def _halved(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise BundleError(f"Weight {name} has type {array.dtype}: only numbers can be saved.")
    if array.size and not np.abs(array).max() <= np.finfo(np.float16).max:  # also true for NaN
        raise BundleError(f"Weight {name} has values that half precision cannot hold; train it again.")
    return np.ascontiguousarray(array, np.float16)


def _pack(arrays: Mapping[str, np.ndarray], max_bytes: int) -> list[dict[str, np.ndarray]]:
    """Fill one piece after the other, in the given order."""
    shards: list[dict[str, np.ndarray]] = []
    room = 0
    for name, array in arrays.items():
        size = array.nbytes + len(name.encode()) + _HEADER_BYTES
        if size > room or not shards:
            shards.append({})
            room = max_bytes - 8 - _HEADER_BYTES
        shards[-1][name] = array
        room -= size
    return shards


def quantise(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
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


def dequantise(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors that ``quantise`` was given, rounded; tensors without limits stay as they are.

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
