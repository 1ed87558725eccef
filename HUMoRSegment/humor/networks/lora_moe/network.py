"""The network, its two phases of training, and its holistically guided decoder.

The decoder is that of EfficientFCN (arXiv 2008.10487, 2012.10162), in three dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool3d, interpolate

from ...regions import REGIONS
from ...sequences import SEQUENCES
from ..experts import Gate
from ..prediction import Prediction, mask_missing
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


class HolisticDecoder(nn.Module):
    """Few codewords describe the whole window; guidance at fine resolution puts them back in place.

    With the features of three scales, each squeezed to ``width`` channels, joined at the coarsest
    (``C``) and at the finest scale (``M``)::

        BM = conv(C)                      base maps   [B, width, N places]
        SM = conv(C)                      where each codeword looks   [B, codewords, N places]
        CW = softmax_N(SM) · BMᵀ          codewords   [B, codewords, width]
        G  = conv(M) + mean_N(BM)         guidance    [B, width, n places]
        F  = CWᵀ · softmax_codewords(conv(G))         [B, width, n places]

    The logits are read from ``[F, G]`` and brought to full size: trilinearly, plus a learned detail
    per voxel of a place (a transposed convolution without overlap), zero at the start, because a rim of
    enhancing tumour is thinner than a place.

    Args:
        dims: channels of the three scales, finest first.
        width: channels of the decoder.
        codewords: number of codewords.
        out: output channels.
        stride: voxels along the edge of a place of the finest scale.
    """

    def __init__(self, dims: Sequence[int], width: int, codewords: int, out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.squeeze = nn.ModuleList(nn.Sequential(nn.Conv3d(dim, width, 1), nn.GELU()) for dim in dims)
        joined = len(dims) * width
        self.base = nn.Conv3d(joined, width, 1)
        self.spatial = nn.Conv3d(joined, codewords, 1)
        self.guide = nn.Conv3d(joined, width, 1)
        self.assembly = nn.Conv3d(width, codewords, 1)
        self.head = nn.Conv3d(2 * width, out, 1)
        self.detail = nn.ConvTranspose3d(2 * width, out, stride, stride=stride, bias=False)
        nn.init.zeros_(self.detail.weight)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Logits ``[B, out, D, H, W]`` from three grids ``[B, dim, d, h, w]``, finest first."""
        scales = [squeeze(grid) for squeeze, grid in zip(self.squeeze, features, strict=True)]
        coarse = torch.cat([adaptive_avg_pool3d(grid, scales[-1].shape[2:]) for grid in scales], dim=1)
        fine = torch.cat([_raised(grid, scales[0]) for grid in scales], dim=1)
        base = self.base(coarse)
        guidance = self.guide(fine) + base.mean(dim=(2, 3, 4), keepdim=True)
        words = codewords(self.spatial(coarse), base)
        both = torch.cat([assemble(words, self.assembly(guidance)).to(guidance.dtype), guidance], dim=1)
        smooth = interpolate(self.head(both), scale_factor=float(self.stride), mode="trilinear")
        return smooth + self.detail(both)


def codewords(spatial: Tensor, base: Tensor) -> Tensor:
    """``softmax_N(SM) · BMᵀ``: ``[B, n, C]`` from ``SM [B, n, d, h, w]`` and ``BM [B, C, d, h, w]``."""
    looks = spatial.flatten(2).float().softmax(dim=-1)
    return looks @ base.flatten(2).float().transpose(1, 2)


def assemble(words: Tensor, coefficients: Tensor) -> Tensor:
    """``CWᵀ · softmax_n(coefficients)``: ``[B, C, d, h, w]``.

    Args:
        words: codewords ``[B, n, C]``.
        coefficients: ``[B, n, d, h, w]``, before the softmax over codewords.
    """
    shares = coefficients.flatten(2).float().softmax(dim=1)
    return (words.transpose(1, 2) @ shares).unflatten(2, coefficients.shape[2:])


def _raised(grid: Tensor, like: Tensor) -> Tensor:
    if grid.shape[2:] == like.shape[2:]:
        return grid
    return interpolate(grid, size=like.shape[2:], mode="trilinear")
