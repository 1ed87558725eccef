"""MoME: one U-Net per sequence, and a gating network that weighs their logits at every scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetUpBlock
from torch import Tensor, nn

from ..sequences import SEQUENCES
from .prediction import GateWeights, Prediction, mask_missing

NORM = ("instance", {"affine": True})


@dataclass(frozen=True)
class MomeConfig:
    """Numbers of the network.

    Attributes:
        experts: one per channel of the image, in the channels' order, named after what it shows.
        regions: output channels; several lesion types may have one each.
        widths: channels of an expert at full resolution, a half, a quarter, ...
        gate_width: channels of the gating network.
    """

    experts: Sequence[str] = SEQUENCES
    regions: int = 3
    widths: Sequence[int] = (16, 32, 64, 128, 256)
    gate_width: int = 8


class Mome(nn.Module):
    """``network(image, available) -> Prediction``, after MoME (MICCAI 2024, arXiv 2405.10246).

    Each expert sees its own sequence only, and runs only on samples that have it. At every scale s of
    the decoders ``logits_s = Σ_e w_{e,s} · logits_{e,s}``. In the phase ``all`` (also how a new network
    starts) a gating network finds the weights ``w``, and everything learns; in the phase ``experts``
    all present experts of a sample weigh the same, and the gating network does not learn.

    Attributes:
        multiple: window edges are multiples of it (16 with five widths).
    """

    phases: tuple[str, ...] = ("experts", "all")

    def __init__(self, config: MomeConfig) -> None:
        super().__init__()
        self.config = config
        self.multiple = 2 ** (len(config.widths) - 1)
        self.scales = len(config.widths) - 1
        self.experts = nn.ModuleDict(
            {name: ScaledUnet(1, config.widths, config.regions) for name in config.experts}
        )
        self.gates = ScaleGates(len(config.experts), config.widths[0], self.scales, config.gate_width)
        self.enter_phase("all")

    def enter_phase(self, name: str) -> None:
        """Set what ``forward`` does and which parameters learn.

        Raises:
            ValueError: no such phase.
        """
        if name not in self.phases:
            raise ValueError(f"phase must be one of {', '.join(self.phases)}, not {name!r}")
        self.phase = name
        self.experts.requires_grad_(True)
        self.gates.requires_grad_(name == "all")

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        """Segment ``image [B, E, D, H, W]`` given ``available [B, E]`` bool.

        Args:
            image: edges are multiples of ``multiple``, and one of them is larger than it.
            available: at least one per sample.

        Raises:
            ValueError: the window has other edges.
        """
        self._check(tuple(image.shape[2:]))
        image = mask_missing(image, available)
        answers = self._ask(image, available)
        if self.phase == "all":
            features = {index: answer.features for index, answer in answers.items()}
            weights = self.gates(image, features, available)
        else:
            even = available / available.sum(dim=1, keepdim=True)
            weights = [even[:, :, None, None, None]] * self.scales
        # Without a need for deep supervision only the finest scale is mixed.
        scales = self.scales if self.training else 1
        mixed = [
            mix(weights[scale], {index: answer.logits[scale] for index, answer in answers.items()})
            for scale in range(scales)
        ]
        names = tuple(self.config.experts)
        routing = [GateWeights(f"scale 1/{2**scale}", names, gate) for scale, gate in enumerate(weights)]
        own = {names[index]: answer.logits[0] for index, answer in answers.items()}
        return Prediction(
            mixed[0],
            routing if self.phase == "all" else [],
            deep=mixed[1:],
            expert_logits=own if self.training else {},
        )

    def _ask(self, image: Tensor, available: Tensor) -> dict[int, Answer]:
        """Number of the expert → its answer, zeros in samples without its sequence."""
        answers = {}
        for index, expert in enumerate(self.experts.values()):
            rows = available[:, index].nonzero().squeeze(1)
            if len(rows) == 0:
                continue
            answer = expert(image[rows, index : index + 1])
            if len(rows) < len(image):
                answer = Answer(
                    _spread(answer.features, rows, len(image)),
                    [_spread(logits, rows, len(image)) for logits in answer.logits],
                )
            answers[index] = answer
        return answers

    def _check(self, edges: tuple[int, ...]) -> None:
        # Instance norm of the coarsest level needs more than one place.
        if any(edge % self.multiple for edge in edges) or max(edges) == self.multiple:
            raise ValueError(
                f"window edges must be multiples of {self.multiple} and not all {self.multiple}, not {edges}"
            )


def mix(weights: Tensor, logits: Mapping[int, Tensor]) -> Tensor:
    """``Σ_e w_e · logits_e``, float32 ``[B, R, d, h, w]``.

    Args:
        weights: ``[B, E, d, h, w]``, or with 1 in place of d, h, w.
        logits: number of the expert → ``[B, R, d, h, w]``; those left out have weight 0.
    """
    terms = [weights[:, index, None] * found for index, found in logits.items()]
    return torch.stack(terms).sum(dim=0)


def _spread(part: Tensor, rows: Tensor, batch: int) -> Tensor:
    """``[len(rows), ...]`` at these rows of a batch of zeros."""
    return part.new_zeros(batch, *part.shape[1:]).index_copy(0, rows, part)


class ScaleGates(nn.Module):
    """One softmax over the present experts for every voxel of every scale.

    Down by strided blocks, up by adding what lies below, so that fine weights know their surroundings.
    Heads begin at 0: a new gating network gives all present experts the same weight, and learns from
    there.

    Args:
        experts: number of experts and of image channels.
        features: channels of an expert's finest features.
        scales: of the experts' decoders.
        width: channels of this network.
    """

    def __init__(self, experts: int, features: int, scales: int, width: int) -> None:
        super().__init__()
        self.image = nn.Conv3d(experts, width, 1)
        # One map per expert and no bias: a missing expert's features are simply not in the sum.
        self.read = nn.ModuleList(nn.Conv3d(features, width, 1, bias=False) for _ in range(experts))
        widths = [width] + [2 * width] * (scales - 1)
        self.first = UnetBasicBlock(3, width, width, 3, 1, NORM)
        self.down = nn.ModuleList(UnetBasicBlock(3, a, b, 3, 2, NORM) for a, b in pairwise(widths))
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, stride=2) for a, b in pairwise(widths))
        self.heads = nn.ModuleList(nn.Conv3d(channels, experts, 1) for channels in widths)
        for head in self.heads:
            nn.init.zeros_(head.weight)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, features: Mapping[int, Tensor], available: Tensor) -> list[Tensor]:
        """Weights ``[B, E, D/2^s, H/2^s, W/2^s]`` per scale, finest first, in float32.

        Args:
            image: ``[B, E, D, H, W]``, zeros for missing sequences.
            features: number of the expert → ``[B, C, D, H, W]``, zeros in samples without its sequence.
            available: ``[B, E]`` bool, at least one per sample.
        """
        total = self.image(image)
        for index, found in features.items():
            total = total + self.read[index](found)
        levels = [self.first(total)]
        for block in self.down:
            levels.append(block(levels[-1]))
        for scale in reversed(range(len(self.up))):
            levels[scale] = levels[scale] + self.up[scale](levels[scale + 1])
        return [
            present_softmax(head(level), available) for head, level in zip(self.heads, levels, strict=True)
        ]


def present_softmax(scores: Tensor, available: Tensor) -> Tensor:
    """Softmax over experts of ``scores [B, E, d, h, w]``; exactly 0 where not ``available [B, E]``."""
    missing = ~available[:, :, None, None, None]
    # float32: weights must sum to 1 also under autocast.
    return torch.softmax(scores.float().masked_fill(missing, float("-inf")), dim=1)


@dataclass(frozen=True)
class Answer:
    """``features``: the finest, ``[B, C, D, H, W]``; ``logits``: ``[B, R, D/2^s, ...]``, finest first."""

    features: Tensor
    logits: list[Tensor]


class ScaledUnet(nn.Module):
    """Two 3×3×3 convolutions with instance norm and leaky ReLU per level (nnU-Net, arXiv 1809.10486).

    MONAI's ``DynUNet`` has the same blocks, but keeps its features to itself and its coarse logits only
    as copies at full size.

    Args:
        channels: of the input.
        widths: channels at full resolution, a half, a quarter, ...
        regions: output channels.
    """

    def __init__(self, channels: int, widths: Sequence[int], regions: int) -> None:
        super().__init__()
        self.first = UnetBasicBlock(3, channels, widths[0], 3, 1, NORM)
        self.down = nn.ModuleList(
            UnetBasicBlock(3, fine, coarse, 3, 2, NORM) for fine, coarse in pairwise(widths)
        )
        self.up = nn.ModuleList(
            UnetUpBlock(3, coarse, fine, 3, 1, 2, NORM) for fine, coarse in pairwise(widths)
        )
        self.heads = nn.ModuleList(nn.Conv3d(width, regions, 1) for width in widths[:-1])

    def forward(self, image: Tensor) -> Answer:
        """Features and logits from ``image [B, channels, D, H, W]``, edges multiples of 2^(levels − 1)."""
        skips = [self.first(image)]
        for block in self.down:
            skips.append(block(skips[-1]))
        features, logits = skips.pop(), []
        for scale in reversed(range(len(self.up))):
            features = self.up[scale](features, skips[scale])
            logits.append(self.heads[scale](features))
        return Answer(features, logits[::-1])
