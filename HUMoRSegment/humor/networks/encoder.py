"""The transformer encoder of teacher and student: groups of blocks whose ends are the skips.

Its attention and positions work on any grid of tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .experts import BalanceLoss, ExpertMlps, Gate
from .names import expert_names, gate_names
from .prediction import GateWeights


@dataclass(frozen=True)
class Encoded:
    """``skips``: the token grids ``[B, dim, d, h, w]`` at the group ends; gates; mean balance loss."""

    skips: list[Tensor]
    routing: list[GateWeights]
    balance: Tensor | None


class MoeBlock(nn.Module):
    """``x' = x + MSA(LN x)``, ``u = LN x'``, ``y = x' + Σ p_e · MLP_e(u)`` with a gate ``p``."""

    def __init__(self, dim: int, heads: int, mlp: int, gate: Gate) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads)
        self.gate = gate
        self.experts = ExpertMlps(dim, mlp, gate.experts, sparse=gate.top_k < gate.experts)
        self.balance = BalanceLoss(gate.experts)

    def forward(self, tokens: Tensor, available: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens ``[B, N, dim]``, weights ``[B, N or 1, E]``, balance loss."""
        tokens = tokens + self.attention(self.norm1(tokens))
        normed = self.norm2(tokens)
        weights = self.gate(normed, available)
        return tokens + self.experts(normed, weights), weights, self.balance(weights)


class DenseBlock(nn.Module):
    """A plain pre-norm block, with a tiny head that predicts its teacher's gate at each token.

    The head reads the tokens without passing gradient back: showing routing must not cost accuracy.
    """

    def __init__(self, dim: int, heads: int, mlp: int, gate_experts: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, mlp), nn.GELU(), nn.Linear(mlp, dim))
        self.gate_head = nn.Linear(dim, gate_experts) if gate_experts else None

    def forward(self, tokens: Tensor, available: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Tokens ``[B, N, dim]``, predicted weights ``[B, N, E]`` or None, no balance loss."""
        tokens = tokens + self.attention(self.norm1(tokens))
        normed = self.norm2(tokens)
        weights = None
        if self.gate_head is not None:
            weights = self.gate_head(normed.detach()).float().softmax(dim=-1)
        return tokens + self.mlp(normed), weights, None


class Encoder(nn.Module):
    """Blocks in equal groups; every group begins with a position encoding and ends in a skip.

    Args:
        blocks: all blocks in order.
        dim: channels of a token.
        groups: number of groups.
        experts: experts per gate, for their names.
    """

    def __init__(self, blocks: list[nn.Module], dim: int, groups: int, experts: int) -> None:
        super().__init__()
        if len(blocks) % groups:
            raise ValueError(f"{len(blocks)} blocks cannot form {groups} equal groups")
        self.blocks = nn.ModuleList(blocks)
        self.positions = nn.ModuleList(PositionEncoding(dim) for _ in range(groups))
        self.norm = nn.LayerNorm(dim)
        self.group_size = len(blocks) // groups
        self.expert_names = expert_names(experts)
        self.gate_names = gate_names(len(blocks), groups)

    def forward(self, grid: Tensor, available: Tensor) -> Encoded:
        """Encode a token grid ``[B, dim, d, h, w]`` given ``available [B, 4]``."""
        skips: list[Tensor] = []
        routing: list[GateWeights] = []
        losses: list[Tensor] = []
        tokens = to_tokens(grid)
        for index, block in enumerate(self.blocks):
            if index % self.group_size == 0:
                tokens = to_tokens(self.positions[index // self.group_size](to_grid(tokens, grid)))
            tokens, weights, loss = block(tokens, available)
            if weights is not None:
                place = to_grid(weights, grid) if weights.shape[1] > 1 else weights[:, 0, :, None, None, None]
                routing.append(GateWeights(self.gate_names[index], self.expert_names, place))
            if loss is not None:
                losses.append(loss)
            if (index + 1) % self.group_size == 0:
                last = index + 1 == len(self.blocks)
                skips.append(to_grid(self.norm(tokens) if last else tokens, grid))
        return Encoded(skips, routing, torch.stack(losses).mean() if losses else None)


class SelfAttention(nn.Module):
    """Multi-head self-attention over all tokens of a window (MSA)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{dim} channels cannot be shared by {heads} heads")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[B, N, dim]`` to the same shape."""
        batch, count, dim = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.out(mixed.transpose(1, 2).reshape(batch, count, dim))


class PositionEncoding(nn.Module):
    """Conditional position encoding: a depth-wise 3×3×3 convolution added to the token grid.

    Learned tables of positions belong to one window size; a convolution (with its zero padding as
    the only cue of the border) carries over to every window that is a multiple of the patch, so a
    whole brain can be one window. CPVT, arXiv 2102.10882.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(dim, dim, 3, padding=1, groups=dim)
        nn.init.zeros_(self.conv.weight)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def forward(self, grid: Tensor) -> Tensor:
        """``[B, dim, d, h, w]`` to the same shape."""
        return grid + self.conv(grid)


def to_tokens(grid: Tensor) -> Tensor:
    """``[B, dim, d, h, w]`` to ``[B, d·h·w, dim]``."""
    return grid.flatten(2).transpose(1, 2)


def to_grid(tokens: Tensor, like: Tensor) -> Tensor:
    """``[B, N, dim]`` to ``[B, dim, d, h, w]`` with the spatial shape of ``like``."""
    return tokens.transpose(1, 2).unflatten(2, like.shape[2:])
