"""Gates of any network on the way through sliding windows: few tensors, on grids where windows meet.

Every gate has experts and a grid of its own: a place per 4, 8, 16 or 32 voxels, per voxel, or one per
window. Windows begin at multiples of 16 voxels, so a grid meets across windows if the edge of its
places divides 16. A finer grid than ``FINEST`` would only cost memory in every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from torch import Tensor

from ..networks.prediction import GateWeights
from ..routing import GateMap
from ..window_sizes import TOKEN
from .windows import Triple, place_affine

FINEST = 4
"""Voxels along the edge of the smallest place that is kept; finer gates are averaged into such places."""

_MEETING = (FINEST, 2 * FINEST, TOKEN)
"""Edges of places that meet across windows."""


@dataclass(frozen=True)
class Slot:
    """Where a gate lies among packed tensors: number of the tensor, and its first channel there."""

    name: str
    experts: tuple[str, ...]
    tensor: int
    first: int


def pack(
    routing: Sequence[GateWeights], edges: Sequence[int], meeting: bool
) -> tuple[list[Tensor], list[Slot]]:
    """Gates of one batch of windows as one float32 tensor ``[B, channels, d, h, w]`` per grid.

    Args:
        routing: the gates of a prediction.
        edges: of the window in voxels, multiples of 16.
        meeting: bring every gate to a grid on which windows meet: the next of 4, 8 and 16 voxels
            that is not finer than its own, or 16. A gate per window is repeated at all its places.

    Returns:
        The tensors, and where in them each gate lies, in the order of ``routing``.
    """
    groups: dict[Triple, list[Tensor]] = {}
    slots: list[Slot] = []
    for gate in routing:
        own = gate.weights.shape[2:]
        d, h, w = (_places(count, edge, meeting) for count, edge in zip(own, edges, strict=True))
        group = groups.setdefault((d, h, w), [])
        first = sum(weights.shape[1] for weights in group)
        slots.append(Slot(gate.name, gate.experts, list(groups).index((d, h, w)), first))
        group.append(_regridded(gate.weights.float(), (d, h, w)))
    return [torch.cat(group, dim=1) for group in groups.values()], slots


def unpack(
    packed: Sequence[np.ndarray], slots: Sequence[Slot], edges: Sequence[int], shape: Sequence[int]
) -> list[GateMap]:
    """Gates of a whole case, with affines from places to voxel indices.

    Args:
        packed: ``[channels, d, h, w]`` per grid, over the padded case.
        slots: as from ``pack``.
        edges: of the padded case in voxels.
        shape: of the case itself; places that lie in the padding alone are left out.
    """
    maps = []
    for slot in slots:
        weights = packed[slot.tensor][slot.first : slot.first + len(slot.experts)]
        places = [edge / count for edge, count in zip(edges, weights.shape[1:], strict=True)]
        kept = tuple(slice(ceil(length / place)) for length, place in zip(shape, places, strict=True))
        maps.append(GateMap(slot.name, slot.experts, weights[(slice(None), *kept)], place_affine(places)))
    return maps


def _places(count: int, edge: int, meeting: bool) -> int:
    """Places along an edge of so many voxels, for a gate that has ``count`` there."""
    own = edge / count
    if own < FINEST:
        return edge // FINEST
    if not meeting:
        return count
    return edge // next((size for size in _MEETING if size >= own), TOKEN)


def _regridded(weights: Tensor, grid: Triple) -> Tensor:
    """Weights ``[B, E, d, h, w]`` on another grid over the same window; sums over E stay 1.

    Along each axis: means where places are joined, repetition where they are split, else the nearest.
    """
    for axis, count in enumerate(grid, start=2):
        size = weights.shape[axis]
        if size == count:
            continue
        if size % count == 0:
            weights = weights.unflatten(axis, (count, size // count)).mean(axis + 1)
        else:
            nearest = (torch.arange(count, device=weights.device) * 2 + 1) * size // (2 * count)
            weights = weights.index_select(axis, nearest)
    return weights
