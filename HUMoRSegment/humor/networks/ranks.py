"""Sums over the processes of a distributed training; with one process, nothing happens."""

from __future__ import annotations

import torch
from torch import Tensor


def world_size() -> int:
    """Number of processes that train together."""
    distributed = torch.distributed
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def sum_over_ranks(values: Tensor) -> Tensor:
    """The sum of ``values`` over all processes, with a gradient that goes back to each of them."""
    if world_size() == 1:
        return values
    import torch.distributed.nn.functional

    return torch.distributed.nn.functional.all_reduce(values)


def mean_over_ranks(values: Tensor) -> Tensor:
    """The mean of ``values`` over all processes (of equal batches)."""
    return sum_over_ranks(values) / world_size()
