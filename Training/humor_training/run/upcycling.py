"""A teacher upcycled from a trained student: wider, with experts, and the same function at first.

A mixture of experts is slow to train from nothing. Every channel of the student becomes two equal
ones, whose outgoing weights share the old weight unevenly, and every MLP becomes the first state of
all experts: the upcycled network gives the student's answers (up to ``NOISE``), and training goes on from
there. Widening: Net2Net (Chen et al. 2016, arXiv 1511.05641); experts from a dense network: sparse
upcycling (Komatsuzaki et al. 2023, arXiv 2212.05055).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from humor.errors import InputError
from humor.networks.build import build
from humor.networks.encoder import DenseBlock, MoeBlock, SelfAttention
from humor.networks.experts import ExpertMlps
from humor.networks.unetr import Unetr, UnetrConfig

FACTOR = 2
NOISE = 0.02
"""Of a weight's spread, added to each expert: equal experts would give their gate no gradient."""


def upcycled_architecture(student: UnetrConfig, experts: int) -> dict[str, Any]:
    """What builds the network that ``upcycle`` fills: twice as wide, with experts."""
    return {
        "name": "humor_teacher_pyramid",
        "dim": FACTOR * student.dim,
        "depth": student.depth,
        "heads": student.heads,
        "mlp": student.mlp,
        "feature_size": FACTOR * student.feature_size,
        "experts": experts,
        "top_k": experts,
    }


def upcycle(student: nn.Module, experts: int = 3, seed: int = 1) -> Unetr:
    """The upcycled network.

    Args:
        student: trained, with the convolutional stem (``stem: pyramid``) and without experts.
        experts: of every block.
        seed: of the uneven shares and the noise.

    Raises:
        InputError: the student is of another kind.
    """
    if not isinstance(student, Unetr) or student.config.stem != "pyramid" or student.config.experts:
        raise InputError(
            "Only a student with the stem 'pyramid' can be upcycled; train the teacher from nothing."
        )
    torch.manual_seed(seed)  # the gates' first weights
    chance = torch.Generator().manual_seed(seed)
    teacher = build(upcycled_architecture(student.config, experts))
    assert isinstance(teacher, Unetr)
    blocks = [*student.encoder.blocks]
    in_blocks = {id(module) for block in blocks for module in block.modules()}
    with torch.no_grad():
        modules = dict(teacher.named_modules())
        for name, module in student.named_modules():
            if id(module) not in in_blocks:
                _widen(module, modules[name], chance)
        for small, large in zip(blocks, teacher.encoder.blocks, strict=True):
            assert isinstance(small, DenseBlock) and isinstance(large, MoeBlock)
            _upcycle_block(small, large, chance)
    return teacher


def _upcycle_block(small: DenseBlock, large: MoeBlock, chance: torch.Generator) -> None:
    _widen(small.norm1, large.norm1, chance)
    _widen(small.norm2, large.norm2, chance)
    _widen_attention(small.attention, large.attention, chance)
    first, last = small.mlp[0], small.mlp[2]
    assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
    _fill_experts(first, last, large.experts, chance)


def _widen(small: nn.Module, large: nn.Module, chance: torch.Generator) -> None:
    """Copy one layer's own parameters; layers without any are left alone."""
    if isinstance(small, nn.ConvTranspose3d) and isinstance(large, nn.ConvTranspose3d):
        # Its weight is [in, out, ...].
        inputs, outputs = large.weight.shape[:2]
        large.weight.copy_(_split(small.weight.transpose(0, 1), outputs, inputs, chance).transpose(0, 1))
        _copy_doubled(small.bias, large.bias)
    elif isinstance(small, nn.Conv3d) and isinstance(large, nn.Conv3d):
        large.weight.copy_(_split(small.weight, large.weight.shape[0], large.weight.shape[1], chance))
        _copy_doubled(small.bias, large.bias)
    elif isinstance(small, nn.LayerNorm | nn.InstanceNorm3d):
        _copy_doubled(small.weight, large.weight)
        _copy_doubled(small.bias, large.bias)


def _widen_attention(small: SelfAttention, large: SelfAttention, chance: torch.Generator) -> None:
    """Heads stay as many and become twice as wide; scores grow by √2 unless the queries shrink."""
    dim = small.out.in_features
    wide = _split(small.qkv.weight, FACTOR * 3 * dim, FACTOR * dim, chance)
    bias = small.qkv.bias.repeat_interleave(FACTOR)
    queries = slice(0, FACTOR * dim)
    wide[queries] /= FACTOR**0.5
    bias[queries] /= FACTOR**0.5
    large.qkv.weight.copy_(wide)
    large.qkv.bias.copy_(bias)
    large.out.weight.copy_(_split(small.out.weight, FACTOR * dim, FACTOR * dim, chance))
    _copy_doubled(small.out.bias, large.out.bias)


def _fill_experts(first: nn.Linear, last: nn.Linear, bank: ExpertMlps, chance: torch.Generator) -> None:
    """Every expert is the student's MLP with a little noise of its own."""
    rows, columns = [], []
    for _ in range(bank.experts):
        into = _split(first.weight, first.out_features, FACTOR * first.in_features, chance)
        out = last.weight.repeat_interleave(FACTOR, 0)
        rows.append(into + NOISE * into.std() * torch.randn(into.shape, generator=chance))
        columns.append(out + NOISE * out.std() * torch.randn(out.shape, generator=chance))
    bank.expand.weight.copy_(torch.cat(rows))
    bank.expand.bias.copy_(first.bias.repeat(bank.experts))
    bank.reduce.weight.copy_(torch.cat(columns, dim=1))
    bank.bias.copy_(last.bias.repeat_interleave(FACTOR)[None])


def _split(weight: Tensor, outputs: int, inputs: int, chance: torch.Generator) -> Tensor:
    """``weight [out, in, ...]`` as ``[outputs, inputs, ...]``: twins next to each other.

    Twins of the output are equal. Twins of the input share the old weight in random parts that sum to
    1, so that equal inputs give the old sum but learn differently. Twins lie side by side, so that
    concatenated features keep their order. Axes that are as long as before (the image's channels, one
    channel of a depth-wise convolution, the regions) stay.
    """
    if outputs != weight.shape[0]:
        weight = weight.repeat_interleave(FACTOR, 0)
    if inputs != weight.shape[1]:
        share = 0.25 + 0.5 * torch.rand(weight.shape[:2], generator=chance)
        share = share.reshape(*share.shape, *[1] * (weight.dim() - 2))
        weight = torch.stack([weight * share, weight * (1.0 - share)], dim=2).flatten(1, 2)
    return weight


def _copy_doubled(small: Any, large: Any) -> None:
    """A vector of channels; None for layers without one."""
    if small is not None:
        large.copy_(small if small.shape == large.shape else small.repeat_interleave(FACTOR))
