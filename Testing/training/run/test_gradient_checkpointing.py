from __future__ import annotations

import copy

import torch

from humor.networks.build import build
from humor_training.run.optimisation import checkpoint_blocks

SMALL = {"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4}


def test_gradients_are_the_same_and_blocks_run_twice() -> None:
    torch.manual_seed(0)
    plain = build({"name": "humor_student_pyramid", **SMALL})
    frugal = copy.deepcopy(plain)
    runs: list[int] = []
    frugal.decoder.join[0].conv1.register_forward_hook(lambda *_: runs.append(1))  # type: ignore[union-attr, index]
    assert checkpoint_blocks(frugal) == 6
    image, available = torch.randn(1, 4, 32, 32, 32), torch.ones(1, 4, dtype=torch.bool)
    for network in (plain, frugal):
        network(image, available).logits.square().mean().backward()
    assert len(runs) == 2
    for one, other in zip(plain.parameters(), frugal.parameters(), strict=True):
        if one.grad is not None:
            assert other.grad is not None
            torch.testing.assert_close(one.grad, other.grad)
