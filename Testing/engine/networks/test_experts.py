from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from humor.networks.experts import BalanceLoss, ExpertMlps, Gate

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


ALL = torch.ones(2, 4, dtype=torch.bool)


@pytest.mark.parametrize("per_token", [True, False])
@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_weights_sum_to_one_and_only_the_kept_are_not_zero(per_token: bool, top_k: int) -> None:
    torch.manual_seed(0)
    weights = Gate(16, 3, top_k, per_token)(torch.randn(2, 9, 16), ALL)
    assert weights.shape == (2, 9 if per_token else 1, 3)
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:2]))
    assert ((weights > 0).sum(-1) == top_k).all()


def test_an_expert_that_is_not_allowed_gets_exactly_zero() -> None:
    torch.manual_seed(0)
    allowed = torch.tensor([[True, False, True], [False, False, True]])
    weights = Gate(16, 3, 3, True)(torch.randn(2, 9, 16), ALL, allowed)
    assert (weights[0, :, 1] == 0).all() and (weights[1, :, :2] == 0).all() and (weights[1, :, 2] == 1).all()


def test_availability_moves_the_weights() -> None:
    torch.manual_seed(0)
    gate, tokens = Gate(16, 3, 3, False), torch.randn(2, 9, 16)
    fewer = torch.tensor([[True, False, False, False]]).expand(2, -1)
    assert not torch.allclose(gate(tokens, ALL), gate(tokens, fewer))


def test_a_gate_cannot_keep_more_experts_than_there_are() -> None:
    with pytest.raises(ValueError, match="between 1 and 3"):
        Gate(16, 3, 4, True)


def test_the_balance_loss_is_zero_for_uniform_and_grows_as_one_expert_takes_over() -> None:
    loss = BalanceLoss(3).train()
    uniform, one = torch.full((1, 5, 3), 1 / 3), torch.tensor([1.0, 0.0, 0.0]).expand(1, 5, 3)
    assert loss(uniform).item() == pytest.approx(0.0, abs=1e-12)
    values = [loss(one).item() for _ in range(200)]
    assert values[0] < values[50] < values[199]
    assert values[199] == pytest.approx(3 * ((2 / 3) ** 2 + 2 * (1 / 3) ** 2), rel=1e-3)


def test_the_balance_loss_pulls_on_the_current_gate_at_full_strength() -> None:
    loss = BalanceLoss(2).train()
    loss.mean.copy_(torch.tensor([1.0, 0.0]))
    weights = torch.tensor([[[0.9, 0.1]]], requires_grad=True)
    loss(weights).backward()
    assert weights.grad is not None and weights.grad[0, 0, 0] > 0.5 > -0.5 > weights.grad[0, 0, 1]
