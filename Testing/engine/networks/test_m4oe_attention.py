"""Attention in shifted windows against the definition, pair by pair."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from humor.networks.m4oe.windows import WindowAttention, join, layout, neighbours, split

GRIDS = [(6, 6, 6), (5, 4, 7), (2, 3, 8), (1, 1, 1)]
DIM, HEADS, WINDOW = 8, 2, 3


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shifted", [False, True])
def test_joining_windows_undoes_splitting(grid: tuple[int, int, int], shifted: bool) -> None:
    tokens, places = torch.randn(2, *grid, DIM), layout(grid, WINDOW, shifted)
    assert torch.equal(join(split(tokens, places), places), tokens)


def same_window(one: tuple[int, ...], other: tuple[int, ...], grid: tuple[int, ...], shifted: bool) -> bool:
    """Whether two places share a window, each axis by itself: windows begin at ... −3+1, 1, 1+3, ..."""
    for a, b, length in zip(one, other, grid, strict=True):
        begin = WINDOW // 2 if shifted and length > WINDOW else 0
        if (a - begin) // WINDOW != (b - begin) // WINDOW:
            return False
    return True


def literal(attention: WindowAttention, tokens: Tensor, shifted: bool) -> Tensor:
    """For every token and head: softmax over the tokens of its window of q·k/√c + bias, times v."""
    grid = tuple(tokens.shape[:3])
    query, key, value = attention.qkv(tokens).chunk(3, dim=-1)
    mixed, channels, base = torch.zeros_like(tokens), DIM // HEADS, 2 * WINDOW - 1
    places = list(product(*(range(length) for length in grid)))
    for one in places:
        seen = [other for other in places if same_window(one, other, grid, shifted)]
        for head in range(HEADS):
            part = slice(head * channels, (head + 1) * channels)
            scores = []
            for other in seen:
                x, y, z = (a - b + WINDOW - 1 for a, b in zip(one, other, strict=True))
                bias = attention.bias[(x * base + y) * base + z, head]
                scores.append(query[one][part] @ key[other][part] / channels**0.5 + bias)
            shares = torch.stack(scores).softmax(0)
            mixed[one][part] = shares @ torch.stack([value[other][part] for other in seen])
    return attention.out(mixed)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shifted", [False, True])
def test_attention_is_that_of_the_definition_on_any_grid(grid: tuple[int, int, int], shifted: bool) -> None:
    torch.manual_seed(0)
    attention = WindowAttention(DIM, HEADS, WINDOW, shifted)
    torch.nn.init.normal_(attention.bias)
    tokens = torch.randn(2, *grid, DIM)
    with torch.no_grad():
        found = attention(tokens)
        for sample in range(2):
            torch.testing.assert_close(found[sample], literal(attention, tokens[sample], shifted))


def test_whole_windows_need_no_mask_and_others_do() -> None:
    device = torch.device("cpu")
    assert neighbours(layout((6, 3, 2), 3, False), device) is None
    assert neighbours(layout((3, 3, 2), 3, True), device) is None  # one window: nothing to shift
    for places in (layout((6, 3, 2), 3, True), layout((5, 3, 2), 3, False)):
        visible = neighbours(places, device)
        assert visible is not None and not visible.all() and visible.any(dim=-1).all()


def test_heads_must_share_the_channels() -> None:
    with pytest.raises(ValueError, match="3 heads"):
        WindowAttention(8, 3, WINDOW, False)
