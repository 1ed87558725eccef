"""Counting what a network costs: parameters and multiply-accumulates."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..sequences import SEQUENCES


def count_parameters(network: nn.Module) -> int:
    """Trainable and frozen parameters together, without buffers."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: nn.Module, window: tuple[int, int, int] = (96, 96, 96)) -> int:
    """Multiply-accumulates of one forward pass at batch 1 (half of torch's FLOP count)."""
    image = torch.zeros(1, len(SEQUENCES), *window)
    available = torch.ones(1, len(SEQUENCES), dtype=torch.bool)
    training = network.training
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image, available)
    network.train(training)
    return counter.get_total_flops() // 2
