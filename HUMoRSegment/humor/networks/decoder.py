"""UNETR-style decoders: token grids of the encoder and the image itself, back to full size."""

from __future__ import annotations

import torch
from monai.networks.blocks.dynunet_block import UnetResBlock
from monai.networks.blocks.unetr_block import UnetrBasicBlock, UnetrPrUpBlock, UnetrUpBlock
from torch import Tensor, nn


def residual(inside: int, outside: int, stride: int = 1) -> nn.Module:
    """Two 3×3×3 convolutions with instance norm and a residual path (MONAI's)."""
    return UnetResBlock(3, inside, outside, kernel_size=3, stride=stride, norm_name="instance")


class UnetrDecoder(nn.Module):
    """The decoder of UNETR (arXiv 2103.10504): up to full resolution, with one block on the image.

    Args:
        channels: input channels of the image.
        dim: channels of a token.
        feature_size: channels at full resolution; doubled at every coarser level.
        out: output channels.
    """

    def __init__(self, channels: int, dim: int, feature_size: int, out: int) -> None:
        super().__init__()
        size = feature_size

        def raise_tokens(outside: int, layers: int) -> nn.Module:
            return UnetrPrUpBlock(
                3,
                dim,
                outside,
                num_layer=layers,
                kernel_size=3,
                stride=1,
                upsample_kernel_size=2,
                norm_name="instance",
                conv_block=True,
                res_block=True,
            )

        def join(inside: int, outside: int) -> nn.Module:
            return UnetrUpBlock(
                3,
                inside,
                outside,
                kernel_size=3,
                upsample_kernel_size=2,
                norm_name="instance",
                res_block=True,
            )

        self.image = UnetrBasicBlock(
            3, channels, size, kernel_size=3, stride=1, norm_name="instance", res_block=True
        )
        self.raise1, self.raise2, self.raise3 = (
            raise_tokens(2 * size, 2),
            raise_tokens(4 * size, 1),
            raise_tokens(8 * size, 0),
        )
        self.join4, self.join3 = join(dim, 8 * size), join(8 * size, 4 * size)
        self.join2, self.join1 = join(4 * size, 2 * size), join(2 * size, size)
        self.head = nn.Conv3d(size, out, 1)

    def forward(self, image: Tensor, skips: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Logits ``[B, out, D, H, W]`` from the image and four skips (1/16); no coarser ones."""
        features = self.join4(skips[3], self.raise3(skips[2]))
        features = self.join3(features, self.raise2(skips[1]))
        features = self.join2(features, self.raise1(skips[0]))
        return self.head(self.join1(features, self.image(image))), []


class ImagePyramid(nn.Module):
    """Convolutional features of the image at 1/2, 1/4, 1/8 of its size, and tokens at 1/16.

    A convolutional stem instead of one linear map of 16³ patches: it learns from far fewer cases
    ("Early convolutions help transformers see better", arXiv 2106.14881), and its levels serve the
    decoder as skips.
    """

    def __init__(self, channels: int, dim: int, feature_size: int) -> None:
        super().__init__()
        size = feature_size
        self.at_half = nn.Sequential(
            nn.Conv3d(channels, size, 3, stride=2, padding=1, bias=False), residual(size, size)
        )
        self.at_quarter = residual(size, 2 * size, stride=2)
        self.at_eighth = residual(2 * size, 4 * size, stride=2)
        self.tokens = nn.Conv3d(4 * size, dim, 2, stride=2)

    def forward(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        """Features at 1/2, 1/4, 1/8, and the token grid ``[B, dim, d, h, w]`` at 1/16."""
        half = self.at_half(image)
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        return [half, quarter, eighth], self.tokens(eighth)


class PyramidDecoder(nn.Module):
    """A UNETR decoder that stops at half resolution: 2 to 4 times cheaper than the full one.

    Each level joins what comes from below, the token skip of its group and the image features.
    The head is a 2×2×2 transposed convolution with stride 2, which is the same map as a 1×1×1
    convolution followed by a pixel shuffle.

    Args:
        dim: channels of a token.
        feature_size: channels at half resolution; doubled at every coarser level.
        out: output channels.
        deep: heads at coarser levels for deep supervision: 1: at 1/4, 2: at 1/8 too.
    """

    def __init__(self, dim: int, feature_size: int, out: int, deep: int = 0) -> None:
        super().__init__()
        size = feature_size
        wide = (size, 2 * size, 4 * size)

        def up(inside: int, outside: int) -> nn.Module:
            return nn.ConvTranspose3d(inside, outside, 2, stride=2, bias=False)

        self.below = nn.ModuleList([up(wide[1], wide[0]), up(wide[2], wide[1]), up(dim, wide[2])])
        self.lift = nn.ModuleList(
            [
                nn.Sequential(up(dim, wide[2]), up(wide[2], wide[1]), up(wide[1], wide[0])),
                nn.Sequential(up(dim, wide[2]), up(wide[2], wide[1])),
                up(dim, wide[2]),
            ]
        )
        self.join = nn.ModuleList(residual(3 * channels, channels) for channels in wide)
        self.head = nn.ConvTranspose3d(size, out, 2, stride=2)
        self.deep = nn.ModuleList(nn.Conv3d(channels, out, 1) for channels in wide[1 : 1 + deep])

    def forward(self, pyramid: list[Tensor], skips: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Logits from image features (1/2, 1/4, 1/8) and four skips (1/16).

        Returns:
            ``[B, out, D, H, W]``, and while training those of the coarser heads, finest first.
        """
        features = skips[3]
        deep: list[Tensor] = []
        for level in (2, 1, 0):
            parts = [self.below[level](features), self.lift[level](skips[level]), pyramid[level]]
            features = self.join[level](torch.cat(parts, dim=1))
            if self.training and 0 < level <= len(self.deep):
                deep.insert(0, self.deep[level - 1](features))
        return self.head(features), deep
