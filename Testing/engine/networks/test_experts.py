from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from humor.networks.experts import ExpertMlps

DIM, HIDDEN, EXPERTS, TOKENS = 12, 20, 3, 40


def naive(bank: ExpertMlps, tokens: Tensor, weights: Tensor) -> Tensor:
    """The formula, expert by expert: Σ p_e · (W2_e · GELU(W1_e · u + b1_e) + b2_e)."""
    total = torch.zeros_like(tokens)
    for e in range(bank.experts):
        rows = slice(e * HIDDEN, (e + 1) * HIDDEN)
        hidden = torch.nn.functional.gelu(tokens @ bank.expand.weight[rows].T + bank.expand.bias[rows])
        total = total + weights[..., e, None] * (hidden @ bank.reduce.weight[:, rows].T + bank.bias[e])
    return total


def make(sparse: bool) -> ExpertMlps:
    torch.manual_seed(0)
    bank = ExpertMlps(DIM, HIDDEN, EXPERTS, sparse)
    for parameter in bank.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return bank


@pytest.mark.parametrize("places", [TOKENS, 1], ids=["per token", "per window"])
def test_fused_experts_equal_the_loop_over_experts(places: int) -> None:
    bank, tokens = make(False), torch.randn(2, TOKENS, DIM)
    weights = torch.randn(2, places, EXPERTS).softmax(-1)
    torch.testing.assert_close(bank(tokens, weights), naive(bank, tokens, weights.expand(-1, TOKENS, -1)))


def sparse_weights() -> Tensor:
    scores = torch.randn(2, TOKENS, EXPERTS)
    lowest = scores.argmin(-1, keepdim=True)
    return scores.scatter(-1, lowest, float("-inf")).softmax(-1)


def test_sparse_experts_equal_the_loop_over_experts() -> None:
    bank, tokens, weights = make(True), torch.randn(2, TOKENS, DIM), sparse_weights()
    torch.testing.assert_close(bank(tokens, weights), naive(bank, tokens, weights))


def test_top_2_of_3_skips_a_third_of_the_work() -> None:
    tokens, weights = torch.randn(2, TOKENS, DIM), sparse_weights()
    counts = []
    for sparse in (False, True):
        bank = make(sparse)
        with FlopCounterMode(display=False) as counter:
            bank(tokens, weights)
        counts.append(counter.get_total_flops() // 2)
    mlp = 2 * TOKENS * 2 * DIM * HIDDEN  # 2 windows, two layers, one expert
    assert counts[1] == 2 * mlp
    assert counts[0] == 3 * mlp + 2 * TOKENS * EXPERTS * DIM  # and the mixed biases


def test_gradients_reach_every_expert_in_both_ways() -> None:
    for sparse in (False, True):
        bank, tokens = make(sparse), torch.randn(2, TOKENS, DIM)
        bank(tokens, sparse_weights()).square().sum().backward()
        for part in bank.expand.weight.grad.chunk(EXPERTS):  # type: ignore[union-attr]
            assert part.abs().sum() > 0
