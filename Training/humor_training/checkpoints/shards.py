"""A checkpoint in files of less than 16 MB, to go on with it on another machine.

Mail gateways, code hosts and lent machines refuse large files. Weights travel in half precision, what moves
them in 8 bits with a scale for each tensor, much as 8-bit optimisers keep it (Dettmers et al., ICLR 2022):
5 bytes a weight in place of 16.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from humor.bundle.weights import MAX_SHARD_BYTES
from humor.errors import InputError

from . import CHECKPOINT, SHARDS
from .run_folder import write_whole

_ENTRY = 256  # bytes; more than a tensor's entry in a file's header takes
_ABOUT = "about"
_NETWORK, _AHEAD, _MOMENTS, _SCALE = "network.", "average_ahead.", "moment.", "scale."
_EIGHT = torch.float8_e4m3fn
_LARGEST, _SMALLEST = float(torch.finfo(_EIGHT).max), 2.0**-9  # above 0, subnormal
Tensors = dict[str, Tensor]


def write_shards(
    state: dict[str, Any], folder: Path, weights_only: bool = False, max_bytes: int = MAX_SHARD_BYTES
) -> list[Path]:
    """Write a checkpoint as ``checkpoint-00001-of-0000N.safetensors``.

    Weights are kept in float16 (norms and biases as they are); the difference of the averaged ones from
    them, Adam's first moments and the roots of its second moments in float8 (E4M3, relative error 2⁻⁴; a root
    never becomes 0, which would let a weight jump). A training that goes on from them is not the same to the
    last bit as one that was never stopped; from ``checkpoint.pt`` it is.

    Args:
        state: what ``Training.save`` writes.
        folder: made where it is not there; shards that are there are replaced.
        weights_only: the averaged weights alone, in float16, at 2 bytes a weight: they become the weights,
            and Adam's moments begin anew.
        max_bytes: every file is smaller, unless a single tensor is larger.

    Returns:
        the files, in order.

    Raises:
        OSError: the folder cannot be written.
    """
    tensors = dict(_halves(state) if weights_only else _all(state))
    shards = _shared_out(tensors, max_bytes)
    about = {"step": state["step"], "seconds": state["seconds"], "best": state["best"]}
    if not weights_only:
        about["groups"] = state["optimiser"]["param_groups"]
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(SHARDS):
        old.unlink()
    files = []
    for number, shard in enumerate(shards, 1):
        path = folder / SHARDS.replace("*", f"-{number:05d}-of-{len(shards):05d}")
        path.write_bytes(save(shard, {_ABOUT: json.dumps(about)}))
        files.append(path)
    return files


def join_shards(folder: Path) -> bool:
    """Make the checkpoint of a run's folder from its shards, where it has these and no checkpoint.

    Returns:
        whether there is something to go on with: a checkpoint, made now or there before.

    Raises:
        InputError: a shard is missing or damaged.
    """
    if (folder / CHECKPOINT).exists():
        return True
    files = sorted(folder.glob(SHARDS))
    if not files:
        return False
    total = int(files[0].stem.rpartition("-")[2])
    if len(files) != total:
        raise InputError(
            f"{folder}: {len(files)} of the {total} files of this checkpoint are there. Copy the others too."
        )
    tensors: Tensors = {}
    about: dict[str, Any] = {}
    for path in files:
        try:
            with safe_open(path, "pt") as shard:
                about = json.loads(shard.metadata()[_ABOUT])
                tensors |= {name: shard.get_tensor(name) for name in shard.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: this file is damaged ({error}). Copy it again.") from error
    write_whole(_state(tensors, about), folder / CHECKPOINT)
    return True


def _halves(state: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    for name, value in state["average"].items():
        yield _NETWORK + name, _half(value)


def _half(value: Tensor) -> Tensor:
    # Norms and biases are few, and lie near 1: half precision is coarse beside what a step moves them.
    return value.half() if value.is_floating_point() and value.ndim > 1 else value


def _all(state: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    for name, value in state["network"].items():
        kept, average = _half(value), state["average"][name]
        yield _NETWORK + name, kept
        if value.is_floating_point():
            yield from _eighth(_AHEAD + name, average - kept.float())
        else:
            yield _AHEAD + name, average
    for number, moments in state["optimiser"]["state"].items():
        for name, value in moments.items():
            key = f"{_MOMENTS}{number}.{name}"
            if value.ndim == 0:  # the count of steps
                yield key, value
            elif name == "exp_avg_sq":
                yield from _eighth(key, value.sqrt(), above_0=True)
            else:
                yield from _eighth(key, value)


def _eighth(name: str, value: Tensor, above_0: bool = False) -> Iterator[tuple[str, Tensor]]:
    """A tensor in 8 bits, and the scale that gives it back."""
    scale = value.abs().max().clamp(min=1e-30) / _LARGEST
    scaled = value / scale
    if above_0:
        scaled = scaled.clamp(min=_SMALLEST)
    yield name, scaled.to(_EIGHT)
    yield _SCALE + name, scale


def _read(tensors: Tensors, name: str) -> Tensor:
    value = tensors[name].float() if tensors[name].is_floating_point() else tensors[name]
    return value * tensors[_SCALE + name] if _SCALE + name in tensors else value


def _state(tensors: Tensors, about: dict[str, Any]) -> dict[str, Any]:
    network, average = {}, {}
    for key in tensors:
        if key.startswith(_NETWORK):
            name = key.removeprefix(_NETWORK)
            network[name] = average[name] = _read(tensors, key)
            if _AHEAD + name in tensors:
                ahead = _read(tensors, _AHEAD + name)
                average[name] = network[name] + ahead if ahead.is_floating_point() else ahead
    optimiser = None
    if "groups" in about:
        moments: dict[int, Tensors] = {}
        for key in tensors:
            if key.startswith(_MOMENTS):
                number, _, name = key.removeprefix(_MOMENTS).partition(".")
                value = _read(tensors, key)
                moments.setdefault(int(number), {})[name] = value**2 if name == "exp_avg_sq" else value
        groups = [{**group, "betas": tuple(group["betas"])} for group in about["groups"]]  # JSON has lists
        optimiser = {"state": moments, "param_groups": groups}
    counts = {key: about[key] for key in ("step", "seconds", "best")}
    return {"network": network, "average": average, "optimiser": optimiser, **counts}


def _shared_out(tensors: Tensors, max_bytes: int) -> list[Tensors]:
    """Fill one shard after the other."""
    shards: list[Tensors] = [{}]
    room = max_bytes - 8 * _ENTRY
    for name, value in tensors.items():
        size = value.numel() * value.element_size() + len(name) + _ENTRY
        if size > room and shards[-1]:
            shards.append({})
            room = max_bytes - 8 * _ENTRY
        shards[-1][name] = value.contiguous()
        room -= size
    return shards
