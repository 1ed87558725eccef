"""Low-rank updates, experts that share one MLP, and the stems of the sequences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu
from torch.utils.flop_counter import FlopCounterMode

from humor.networks.lora_moe.encoder import SequenceStems
from humor.networks.lora_moe.lora import LoraExperts, LoraLinear, PooledAttention

DIM, HIDDEN, EXPERTS, RANK, TOKENS = 12, 20, 4, 2, 30


def bank() -> LoraExperts:
    torch.manual_seed(0)
    made = LoraExperts(DIM, HIDDEN, EXPERTS, RANK, alpha=6.0)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


def top(kept: int) -> Tensor:
    scores = torch.randn(2, TOKENS, EXPERTS)
    floor = scores.topk(kept, dim=-1).values[..., -1:]
    return scores.masked_fill(scores < floor, float("-inf")).softmax(-1)


def naive(experts: LoraExperts, tokens: Tensor, weights: Tensor) -> Tensor:
    """Every expert as an MLP of its own, with its updates added to its matrices."""
    total = torch.zeros_like(tokens)
    for e in range(EXPERTS):
        first = experts.expand.weight + 3.0 * experts.expand_update.up[e] @ experts.expand_update.down[e]
        second = experts.reduce.weight + 3.0 * experts.reduce_update.up[e] @ experts.reduce_update.down[e]
        hidden = gelu(tokens @ first.T + experts.expand.bias)
        total = total + weights[..., e, None] * (hidden @ second.T + experts.reduce.bias)
    return total


def test_a_low_rank_update_is_a_change_of_the_matrix_by_alpha_over_rank() -> None:
    layer = LoraLinear(5, 7, rank=2, alpha=8.0)
    torch.nn.init.normal_(layer.update.up)
    x = torch.randn(3, 5)
    matrix = layer.base.weight + 4.0 * layer.update.up[0] @ layer.update.down[0]
    torch.testing.assert_close(layer(x), x @ matrix.T + layer.base.bias)
    layer.adapted = False
    torch.testing.assert_close(layer(x), layer.base(x))


def test_a_new_update_changes_nothing_but_can_learn() -> None:
    layer, x = LoraLinear(5, 7, rank=2, alpha=8.0), torch.randn(3, 5)
    assert torch.equal(layer(x), layer.base(x))
    layer(x).square().sum().backward()
    assert layer.update.up.grad is not None and layer.update.up.grad.abs().sum() > 0


@pytest.mark.parametrize("kept", [1, 2, 4])
def test_shared_experts_equal_the_loop_over_whole_mlps(kept: int) -> None:
    experts, tokens, weights = bank(), torch.randn(2, TOKENS, DIM), top(kept)
    torch.testing.assert_close(experts(tokens, weights), naive(experts, tokens, weights))


def test_experts_that_are_not_selected_do_no_work() -> None:
    experts, tokens = bank(), torch.randn(2, TOKENS, DIM)
    for kept in (1, 2, 4):
        with FlopCounterMode(display=False) as counter:
            experts(tokens, top(kept))
        shared = 2 * TOKENS * 2 * DIM * HIDDEN  # 2 windows; both layers, once for all experts
        own = 2 * TOKENS * kept * 2 * RANK * (DIM + HIDDEN)  # both updates, per kept expert
        assert counter.get_total_flops() // 2 == shared + own


def test_an_expert_that_no_token_chose_still_has_a_gradient_of_zeros() -> None:
    experts = bank()
    weights = torch.zeros(1, TOKENS, EXPERTS)
    weights[..., 2] = 1.0
    experts(torch.randn(1, TOKENS, DIM), weights).square().sum().backward()
    for update in (experts.expand_update, experts.reduce_update):
        for parameter in (update.down, update.up):
            assert parameter.grad is not None
            assert (parameter.grad.abs().sum(dim=(1, 2)) > 0).tolist() == [False, False, True, False]


def test_pooled_attention_is_attention_to_means_of_neighbouring_tokens() -> None:
    torch.manual_seed(0)
    attention, grid = PooledAttention(8, 2, 2, RANK, 4.0), torch.randn(1, 8, 4, 2, 2)
    pooled = torch.stack([grid[0, :, :2].mean((1, 2, 3)), grid[0, :, 2:].mean((1, 2, 3))])
    pooled = torch.nn.functional.layer_norm(pooled, [8], attention.norm.weight, attention.norm.bias)
    query = attention.query(grid[0].flatten(1).T)
    key, value = attention.key(pooled), attention.value(pooled)
    heads = []
    for rows in (slice(0, 4), slice(4, 8)):
        shares = (query[:, rows] @ key[:, rows].T / 2).softmax(-1)  # 2 = √4 channels per head
        heads.append(shares @ value[:, rows])
    torch.testing.assert_close(attention(grid)[0], attention.out(torch.cat(heads, dim=1)))
    with pytest.raises(ValueError, match="3 heads"):
        PooledAttention(8, 3, 2, RANK, 4.0)


def test_stems_are_averaged_over_the_sequences_that_are_there() -> None:
    torch.manual_seed(0)
    stems, image = SequenceStems(4, 8), torch.randn(2, 4, 16, 16, 32)
    image[1, 0] = float("nan")
    found = stems(image, torch.tensor([[True, False, True, False], [False, True, False, False]]))
    assert found.shape == (2, 8, 4, 4, 8)
    own = [stem(image[:, index : index + 1]) for index, stem in enumerate(stems.stems)]
    torch.testing.assert_close(found[0], (own[0][0] + own[2][0]) / 2)
    torch.testing.assert_close(found[1], own[1][1])
