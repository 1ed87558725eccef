"""The network and its two phases of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...regions import REGIONS
from ...sequences import SEQUENCES
from ..experts import Gate
from ..prediction import Prediction, mask_missing
from .decoder import HolisticDecoder
from .encoder import MULTIPLE, STRIDE, Adapters, MoeBlock, StagedEncoder
from .lora import LoraLinear, LowRank


@dataclass(frozen=True)
class LoraMoeConfig:
    """Numbers of the network; four per stage are at strides 4, 8, 16, 32.

    Attributes:
        dims: channels of a token, per stage.
        depths: blocks, per stage.
        heads: attention heads, per stage.
        mlp_ratio: hidden channels of an MLP per channel of a token.
        gated: blocks with experts at the end of each stage. One each keeps what is trained on the
            frozen encoder below 3% of it.
        experts: experts per gate.
        top_k: experts that a token keeps.
        rank: of the low-rank updates.
        alpha: their strength.
        width: channels of the decoder.
        codewords: of the decoder.
        scales: the three stages that the decoder reads, counted from 0, finest first.
    """

    dims: Sequence[int] = (64, 128, 320, 512)
    depths: Sequence[int] = (2, 2, 6, 6)
    heads: Sequence[int] = (1, 2, 5, 8)
    mlp_ratio: int = 4
    gated: Sequence[int] = (1, 1, 1, 1)
    experts: int = 4
    top_k: int = 2
    rank: int = 8
    alpha: float = 16.0
    width: int = 256
    codewords: int = 32
    scales: Sequence[int] = (0, 2, 3)


class LoraMoe(nn.Module):
    """``network(image, available) -> Prediction`` for windows of any multiple of 32.

    In the phase ``base`` a plain encoder and the decoder learn to segment; low-rank updates, experts and
    gates take no part. In the phase ``adapters`` (the whole system, also how a new network starts) the
    encoder with its stems is frozen; updates, gates and the decoder learn.
    """

    multiple = MULTIPLE
    phases: tuple[str, ...] = ("base", "adapters")

    def __init__(self, config: LoraMoeConfig) -> None:
        super().__init__()
        self.config = config
        adapters = Adapters(config.experts, config.top_k, config.rank, config.alpha)
        self.encoder = StagedEncoder(
            len(SEQUENCES),
            config.dims,
            config.depths,
            config.heads,
            config.mlp_ratio,
            config.gated,
            config.scales,
            adapters,
        )
        dims = [config.dims[stage] for stage in config.scales]
        stride = STRIDE * 2 ** config.scales[0]
        self.decoder = HolisticDecoder(dims, config.width, config.codewords, len(REGIONS), stride)
        self.enter_phase("adapters")

    def enter_phase(self, name: str) -> None:
        """Set what ``forward`` does and which parameters learn.

        Raises:
            ValueError: no such phase.
        """
        if name not in self.phases:
            raise ValueError(f"phase must be one of {', '.join(self.phases)}, not {name!r}")
        adapted = name == "adapters"
        for module in self.encoder.modules():
            if isinstance(module, LoraLinear | MoeBlock):
                module.adapted = adapted
        self.encoder.requires_grad_(not adapted)
        for parameter in adapter_parameters(self.encoder):
            parameter.requires_grad_(adapted)

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        """Segment ``image [B, 4, D, H, W]`` given ``available [B, 4]`` bool.

        Raises:
            ValueError: an edge is not a multiple of 32.
        """
        if any(edge % MULTIPLE for edge in image.shape[2:]):
            raise ValueError(f"window edges must be multiples of {MULTIPLE}, not {tuple(image.shape[2:])}")
        encoded = self.encoder(mask_missing(image, available), available)
        logits = self.decoder(encoded.features)
        auxiliary = {"balance": torch.stack(encoded.balance).mean()} if encoded.balance else {}
        return Prediction(logits, encoded.routing, auxiliary)


def adapter_parameters(network: nn.Module) -> Iterator[nn.Parameter]:
    """Parameters of low-rank updates and gates: what the frozen base gets added."""
    for module in network.modules():
        if isinstance(module, LowRank | Gate):
            yield from module.parameters()
