"""Gates of an upcycled teacher, initialised from data: they divide the brain from the first step on.

The experts of an upcycled teacher begin as copies of one MLP, so its answer is the same whatever its gates
say, and the gates get next to no gradient: trained from random weights they stayed the same everywhere
for hundreds of steps, or gave all tokens to one expert. So they are set from data: each expert gets
its own direction among the main differences between brain tokens, and as much weight as the others.
(Data-dependent initialisation: Krähenbühl et al. 2016, arXiv 1511.06856.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from humor.networks.experts import Gate
from humor.networks.unetr import PATCH

from ..losses.objective import Batch

SHARPNESS = 2.0
"""Length of an expert's direction, in scores per standard deviation of the tokens."""
BALANCING_STEPS = 50


def initialise_gates(network: Any, batches: Iterable[Batch]) -> None:
    """Set the layers of every gate that decides per token, in place; other gates are left alone.

    Args:
        network: a UNETR with experts, on the device of the batches.
        batches: of windows and subsets like those of the training; some ten.
    """
    gates = [
        module
        for module in network.modules()
        if isinstance(module, Gate) and module.per_token and not module.uniform
    ]
    if not gates:
        return
    training = network.training
    network.eval()
    with torch.no_grad():
        seen, brain = _before_activation(network, gates, batches)
        for gate, inner in zip(gates, seen, strict=True):
            # To deviation 1: of small features the last layer's weights would be large, and the first
            # steps of Adam on the hidden layer would throw all tokens to one expert.
            scale = 1.0 / inner[brain].std()
            gate.hidden.weight.mul_(scale)
            gate.hidden.bias.mul_(scale)
            weight, bias = directions(nn.functional.gelu(inner * scale), brain, gate.experts)
            gate.out.weight.copy_(weight)
            gate.out.bias.copy_(bias)
    network.train(training)


def directions(features: Tensor, brain: Tensor, experts: int) -> tuple[Tensor, Tensor]:
    """Weight ``[E, F]`` and bias ``[E]`` of scores that divide features ``[M, F]`` evenly.

    The E − 1 main axes of the brain's features (``brain [M]``), each with deviation 1, hold the corners
    of a regular simplex, one for each expert; the bias makes the mean weight of all experts equal, over
    all tokens, as the balance loss wants it.
    """
    inside = features[brain]
    centre = inside.mean(dim=0)
    spread = inside - centre
    values, axes = torch.linalg.eigh(spread.T @ spread / len(inside))
    main = axes[:, -(experts - 1) :] / values[-(experts - 1) :].clamp_min(1e-12).sqrt()
    weight = SHARPNESS * _simplex(experts).to(main) @ main.T
    scores = (features - centre) @ weight.T
    shift = torch.zeros(experts).to(scores)
    for _ in range(BALANCING_STEPS):
        shift -= (experts * (scores + shift).softmax(dim=-1).mean(dim=0)).log()
    return weight, shift - weight @ centre


def _simplex(corners: int) -> Tensor:
    """Corners of a regular simplex around 0 at distance 1, ``[corners, corners − 1]``."""
    centred = torch.eye(corners) - 1.0 / corners
    _, vectors = torch.linalg.eigh(centred)
    points = centred @ vectors[:, 1:]
    return points / points.norm(dim=1, keepdim=True)


def _before_activation(
    network: Any, gates: list[Gate], batches: Iterable[Batch]
) -> tuple[list[Tensor], Tensor]:
    """Each gate's hidden layer before its activation, float32 ``[M, F]``, and where brain is, ``[M]``."""
    seen: list[list[Tensor]] = [[] for _ in gates]
    brain: list[Tensor] = []

    def reader(index: int) -> Callable[[nn.Module, Any, Tensor], None]:
        def read(_: nn.Module, inputs: Any, output: Tensor) -> None:
            seen[index].append(output.float().flatten(0, 1))

        return read

    hooks = [gate.hidden.register_forward_hook(reader(index)) for index, gate in enumerate(gates)]
    try:
        for batch in batches:
            grid = tuple(edge // PATCH for edge in batch.image.shape[2:])
            shown = batch.image.abs().amax(dim=1, keepdim=True)
            brain.append(nn.functional.adaptive_max_pool3d(shown, grid).flatten() > 0)
            with torch.autocast(batch.image.device.type, torch.bfloat16):
                network.route(batch.image, batch.available)
    finally:
        for hook in hooks:
            hook.remove()
    return [torch.cat(parts) for parts in seen], torch.cat(brain)
