"""A network as machine code that is made for it, where that can be done."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from humor.networks.prediction import Prediction

Forward = Callable[[Tensor, Tensor], Prediction]


def compiled(network: nn.Module) -> Forward:
    """``network(image, available)`` through ``torch.compile``, once for every window size.

    It is a function, not a module: its weights are those of ``network``, and stand in no checkpoint twice.
    Compiling happens at the first call, and takes a minute. Where it fails (there is no C++ compiler, or the
    network does what cannot be compiled), a warning says so, and ``network`` itself is called from then on.
    """
    made: Forward = torch.compile(network, dynamic=False)
    # One graph, also where processes share gradients: cut at their buckets, as torch does to send early,
    # PyTorch 2.13 gives NaN gradients to the first layers on some processors.
    made = torch._dynamo.config.patch(optimize_ddp=False)(made)
    works = True

    def forward(image: Tensor, available: Tensor) -> Prediction:
        nonlocal works
        if works:
            try:
                return made(image, available)
            except (torch._dynamo.exc.TorchDynamoException, torch._inductor.exc.InductorError) as problem:
                works = False
                reason = str(problem).strip().splitlines()[0]
                warnings.warn(f"The network could not be compiled ({reason}); steps cost more.", stacklevel=2)
        return network(image, available)

    return forward
