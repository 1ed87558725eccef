"""The holistically guided decoder of EfficientFCN (arXiv 2008.10487, 2012.10162), in three dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool3d, interpolate


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
