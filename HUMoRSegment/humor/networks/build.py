"""The only place that turns a name and numbers into a network; and what a network costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..errors import BundleError
from ..sequences import SEQUENCES
from .lora_moe.network import LoraMoe, LoraMoeConfig
from .m4oe.network import M4oe, M4oeConfig
from .mome import Mome, MomeConfig
from .unetr import Unetr, UnetrConfig


@dataclass(frozen=True)
class Architecture:
    """``network(config(**numbers, **overrides))`` makes the network.

    Attributes:
        network: the class, called with a config.
        config: a dataclass whose defaults are the published system's numbers.
        numbers: those that differ from the dataclass's defaults.
    """

    network: Callable[[Any], nn.Module]
    config: type
    numbers: Mapping[str, Any]


ARCHITECTURES: dict[str, Architecture] = {
    # Hybrid UNETR with three experts in every block; UnetrConfig's own defaults.
    "humor_teacher": Architecture(Unetr, UnetrConfig, {}),
    # The shipped form of the teacher: twice the shipped student in width, so that it can be grown from one.
    "humor_teacher_pyramid": Architecture(
        Unetr, UnetrConfig, {"dim": 480, "mlp": 960, "feature_size": 32, "stem": "pyramid"}
    ),
    # The published form of the student: a UNETR cut in width.
    "humor_student": Architecture(
        Unetr, UnetrConfig, {"dim": 240, "mlp": 960, "feature_size": 8, "experts": 0, "gate_experts": 3}
    ),
    # The shipped form: same encoder, convolutional stem, decoder that stops at half resolution.
    "humor_student_pyramid": Architecture(
        Unetr,
        UnetrConfig,
        {"dim": 240, "mlp": 960, "feature_size": 16, "experts": 0, "gate_experts": 3, "stem": "pyramid"},
    ),
    # Frozen staged transformer with low-rank experts, holistically guided decoder.
    "lora_moe": Architecture(LoraMoe, LoraMoeConfig, {}),
    # Swin-UNet with one expert per sequence in every MLP.
    "m4oe": Architecture(M4oe, M4oeConfig, {}),
    # One U-Net per sequence, weighed at every scale.
    "mome": Architecture(Mome, MomeConfig, {}),
}
"""Architecture name → how it is made."""


def build(config: Mapping[str, Any]) -> nn.Module:
    """A network with fresh weights.

    Args:
        config: ``name`` (a key of ``ARCHITECTURES``) and any numbers that differ from its defaults.

    Raises:
        BundleError: an unknown architecture or number.
    """
    numbers = dict(config)
    name = numbers.pop("name", None)
    if name not in ARCHITECTURES:
        raise BundleError(f"Unknown architecture {name!r}; known: {', '.join(ARCHITECTURES)}.")
    made = ARCHITECTURES[name]
    known = {field.name for field in fields(made.config)}
    if unknown := sorted(set(numbers) - known):
        raise BundleError(f"Architecture {name!r} has no number called {', '.join(unknown)}.")
    return made.network(made.config(**{**made.numbers, **numbers}))


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
