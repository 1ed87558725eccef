"""UNETR with experts (the HUMoR teacher) and without (its student), in two forms of decoder."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ..regions import REGIONS
from ..sequences import SEQUENCES
from .decoder import ImagePyramid, PyramidDecoder, UnetrDecoder
from .encoder import DenseBlock, Encoded, Encoder, MoeBlock
from .experts import Gate
from .names import GROUPS
from .prediction import GateWeights, Prediction, mask_missing

PATCH = 16
"""Edge of a token in voxels: every window edge is a multiple of it."""


@dataclass(frozen=True)
class UnetrConfig:
    """Numbers of a UNETR; the defaults are the HUMoR teacher's.

    Attributes:
        dim: channels of a token.
        depth: transformer blocks.
        groups: equal groups of blocks; each group's end is a skip.
        heads: attention heads.
        mlp: hidden channels of a block's MLP, or of each of its experts.
        experts: experts per block; 0 makes a plain UNETR.
        top_k: experts kept by each gate (``experts`` = soft mixture).
        token_gate: gates decide per token (True) or once per window (False, as published).
        uniform_gate: gates give every expert the same weight; the control that learned ones must beat.
        gate_experts: a plain UNETR's heads predict gates of a teacher with so many experts (0: none).
        feature_size: channels of the finest level of the decoder.
        stem: ``patch``: linear 16³ patches and the full-resolution UNETR decoder;
            ``pyramid``: convolutional stem and a decoder that stops at half resolution.
        deep: coarser levels of the pyramid's decoder with heads of their own for deep supervision, 0 to 2.
    """

    dim: int = 384
    depth: int = 12
    groups: int = GROUPS
    heads: int = 6
    mlp: int = 1536
    experts: int = 3
    top_k: int = 3
    token_gate: bool = True
    uniform_gate: bool = False
    gate_experts: int = 0
    feature_size: int = 16
    stem: str = "patch"
    deep: int = 0


class Unetr(nn.Module):
    """``network(image, available) -> Prediction`` for windows of any multiple of 16."""

    def __init__(self, config: UnetrConfig) -> None:
        super().__init__()
        self.config = config
        channels, out = len(SEQUENCES), len(REGIONS)
        blocks: list[nn.Module] = [_block(config) for _ in range(config.depth)]
        self.encoder = Encoder(blocks, config.dim, config.groups, config.experts or config.gate_experts)
        if config.stem == "patch":
            self.embed: nn.Module = nn.Conv3d(channels, config.dim, PATCH, stride=PATCH)
            self.decoder: nn.Module = UnetrDecoder(channels, config.dim, config.feature_size, out)
        elif config.stem == "pyramid":
            self.embed = ImagePyramid(channels, config.dim, config.feature_size)
            self.decoder = PyramidDecoder(config.dim, config.feature_size, out, config.deep)
        else:
            raise ValueError(f"stem must be 'patch' or 'pyramid', not {config.stem!r}")

    @property
    def distilled(self) -> bool:
        """Whether its gates are heads that tell what a teacher's would be; it has no experts then."""
        return not self.config.experts

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        """Segment ``image [B, 4, D, H, W]`` (edges multiples of 16) given ``available [B, 4]`` bool.

        Raises:
            ValueError: an edge is not a multiple of 16.
        """
        image = self._checked(image, available)
        encoded, pyramid = self._encode(image, available)
        logits, deep = self.decoder(pyramid or image, encoded.skips)
        auxiliary = {} if encoded.balance is None else {"balance": encoded.balance}
        return Prediction(logits, encoded.routing, auxiliary, deep)

    def route(self, image: Tensor, available: Tensor) -> list[GateWeights]:
        """Only the gates' weights of ``forward``, without the work of the decoder."""
        return self._encode(self._checked(image, available), available)[0].routing

    def _encode(self, image: Tensor, available: Tensor) -> tuple[Encoded, list[Tensor]]:
        """Encoded tokens, and the image's pyramid (empty with linear patches)."""
        if self.config.stem == "patch":
            return self.encoder(self.embed(image), available), []
        pyramid, grid = self.embed(image)
        return self.encoder(grid, available), pyramid

    def _checked(self, image: Tensor, available: Tensor) -> Tensor:
        if any(edge % PATCH for edge in image.shape[2:]):
            raise ValueError(f"window edges must be multiples of {PATCH}, not {tuple(image.shape[2:])}")
        return mask_missing(image, available)


def _block(config: UnetrConfig) -> nn.Module:
    if config.experts:
        gate = Gate(config.dim, config.experts, config.top_k, config.token_gate, uniform=config.uniform_gate)
        return MoeBlock(config.dim, config.heads, config.mlp, gate)
    return DenseBlock(config.dim, config.heads, config.mlp, config.gate_experts)
