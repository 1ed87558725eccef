"""The network, its two phases of training, and which experts may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...regions import REGIONS
from ...sequences import SEQUENCES
from ..experts import Gate
from ..prediction import Prediction, mask_missing
from .swin_unet import PATCH, Expand, SwinUnet

EXPERT_KINDS = ("sequences", "data_sets")


@dataclass(frozen=True)
class M4oeConfig:
    """Numbers of the network; those per stage are at strides 4, 8, 16.

    Attributes:
        dims: channels of a token, per stage.
        depths: blocks of the encoder, per stage.
        decoder_depths: blocks of the decoder, for all stages but the last.
        attention_heads: per stage.
        mlp_ratio: hidden channels of an expert per channel of a token.
        window: edge of an attention window in tokens; 6 divides the grids of a 96³ image.
        experts: what each expert of a bank belongs to: ``sequences`` or ``data_sets``.
        head_channels: channels per voxel before the head.
        heads: data sets, each with a head of its own.
    """

    dims: Sequence[int] = (96, 192, 384)
    depths: Sequence[int] = (2, 2, 4)
    decoder_depths: Sequence[int] = (2, 2)
    attention_heads: Sequence[int] = (3, 6, 12)
    mlp_ratio: int = 4
    window: int = 6
    experts: str = "sequences"
    head_channels: int = 24
    heads: Sequence[str] = ("brats",)


class M4oe(nn.Module):
    """``network(image, available, head) -> Prediction``, after M4oE (MICCAI 2024, arXiv 2405.09446).

    In the phase ``experts`` experts learn apart from each other. With one per sequence, each sample of a
    training batch is cut down to one of its sequences, drawn uniformly from torch's generator, and goes
    through that sequence's experts only; evaluation is the mean of the logits of each present sequence
    alone. With one per data set, a batch goes through the experts of its data set. Gates do not learn.

    In the phase ``all`` (also how a new network starts) everything learns, and at every token of every
    block a gate weighs the experts of the present sequences, or of all data sets.

    Attributes:
        multiple: window edges are multiples of it (16 with three stages).
    """

    phases: tuple[str, ...] = ("experts", "all")

    def __init__(self, config: M4oeConfig) -> None:
        super().__init__()
        if config.experts not in EXPERT_KINDS:
            raise ValueError(f"experts must be one of {', '.join(EXPERT_KINDS)}, not {config.experts!r}")
        self.config = config
        self.multiple = PATCH * 2 ** (len(config.dims) - 1)
        self.body = SwinUnet(
            len(SEQUENCES),
            config.dims,
            config.depths,
            config.decoder_depths,
            config.attention_heads,
            config.window,
            config.mlp_ratio,
            SEQUENCES if config.experts == "sequences" else config.heads,
        )
        self.expand = Expand(config.dims[0], config.head_channels, PATCH)
        self.heads = nn.ModuleList(nn.Linear(config.head_channels, len(REGIONS)) for _ in config.heads)
        self.enter_phase("all")

    def enter_phase(self, name: str) -> None:
        """Set what ``forward`` does and which parameters learn.

        Raises:
            ValueError: no such phase.
        """
        if name not in self.phases:
            raise ValueError(f"phase must be one of {', '.join(self.phases)}, not {name!r}")
        self.phase = name
        self.requires_grad_(True)
        for module in self.modules():
            if isinstance(module, Gate):
                module.requires_grad_(name == "all")

    def forward(self, image: Tensor, available: Tensor, head: int = 0) -> Prediction:
        """Segment ``image [B, 4, D, H, W]`` given ``available [B, 4]`` bool.

        Args:
            image: edges are multiples of ``multiple``.
            available: at least one per sample.
            head: number of the data set, whose head and, in the phase ``experts``, whose experts answer.

        Raises:
            ValueError: an edge is not such a multiple, or no such head.
        """
        if any(edge % self.multiple for edge in image.shape[2:]):
            raise ValueError(
                f"window edges must be multiples of {self.multiple}, not {tuple(image.shape[2:])}"
            )
        if not 0 <= head < len(self.heads):
            raise ValueError(f"head must be 0 to {len(self.heads) - 1}, not {head}")
        if self.phase == "all":
            everyone = available.new_ones(len(image), len(self.body.expert_names))
            allowed = available if self.config.experts == "sequences" else everyone
            return self._segment(image, available, allowed, head)
        return Prediction(self._apart(image, available, head))

    def _apart(self, image: Tensor, available: Tensor, head: int) -> Tensor:
        """Logits of the phase ``experts``: one expert per bank and pass."""
        if self.config.experts == "data_sets":
            own = _one_hot(torch.full((len(image),), head, device=image.device), len(self.heads))
            return self._segment(image, available, own, head).logits
        if self.training:
            only = draw_one(available)
            return self._segment(image, only, only, head).logits
        answers = torch.zeros(len(image), len(REGIONS), *image.shape[2:], device=image.device)
        for sequence in range(len(SEQUENCES)):
            rows = available[:, sequence].nonzero().squeeze(1)
            if len(rows):
                only = _one_hot(torch.full_like(rows, sequence), len(SEQUENCES))
                answers.index_add_(0, rows, self._segment(image[rows], only, only, head).logits.float())
        return answers / available.sum(dim=1)[:, None, None, None, None]

    def _segment(self, image: Tensor, available: Tensor, allowed: Tensor, head: int) -> Prediction:
        encoded = self.body(mask_missing(image, available), available, allowed)
        logits = self.heads[head](self.expand(encoded.grid)).movedim(-1, 1).contiguous()
        return Prediction(logits, encoded.routing, {"balance": torch.stack(encoded.balance).mean()})


def draw_one(available: Tensor) -> Tensor:
    """``[B, S]`` bool with one true per row, drawn uniformly among those of ``available [B, S]``."""
    return _one_hot(torch.multinomial(available.float(), 1).squeeze(1), available.shape[1])


def _one_hot(index: Tensor, size: int) -> Tensor:
    return nn.functional.one_hot(index, size).bool()
