"""MONAI's networks behind HUMoR's interface, so that one command trains and measures them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from monai.inferers import sliding_window_inference
from monai.networks.nets import UNETR, DynUNet, SegResNet, SwinUNETR
from torch import Tensor, nn

from humor.errors import BundleError
from humor.inference.windows import SIGMA
from humor.networks.build import ARCHITECTURES, Architecture, build
from humor.networks.prediction import Prediction, mask_missing
from humor.networks.unetr import PATCH
from humor.regions import REGIONS
from humor.sequences import SEQUENCES

CHANNELS, OUT = len(SEQUENCES), len(REGIONS)
OVERLAP = 0.5


class Baseline(nn.Module):
    """``network(image, available) -> Prediction`` around any network ``image → logits``.

    Missing sequences are channels of zeros; the network is told nothing else about them.

    Args:
        inner: ``[B, 4, D, H, W]`` to ``[B, 3, D, H, W]``.
        multiple: edges of images must be multiples of it.
        window: the only edge that ``inner`` can take, if its positions are fixed. Outside training,
            other images are then gone through in sliding windows.
    """

    def __init__(self, inner: nn.Module, multiple: int = 32, window: int | None = None) -> None:
        super().__init__()
        self.inner = inner
        self.multiple = multiple
        self.window = window

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        """Logits ``[B, 3, D, H, W]`` of ``image [B, 4, D, H, W]`` given ``available [B, 4]``.

        Raises:
            ValueError: in training, the image is not the one window that the network can take.
        """
        image = mask_missing(image, available)
        if self.window is None or set(image.shape[2:]) == {self.window}:
            return Prediction(self.inner(image))
        if self.training:
            raise ValueError(
                f"this network can only be trained in windows of {self.window}³, not "
                f"{tuple(image.shape[2:])}; set the stage's window, or the network's"
            )
        edges = (self.window, self.window, self.window)
        logits = sliding_window_inference(image, edges, 1, self.inner, OVERLAP, "gaussian", SIGMA)
        assert isinstance(logits, Tensor)
        return Prediction(logits)


@dataclass(frozen=True)
class UnetrNumbers:
    """MONAI's defaults. ``window``: edge in voxels of the one window that its learned positions fit."""

    window: int = 96
    feature_size: int = 16
    hidden_size: int = 768
    mlp_dim: int = 3072
    num_heads: int = 12
    dropout_rate: float = 0.0


@dataclass(frozen=True)
class SegResNetNumbers:
    """Those of MONAI's BraTS example (Myronenko 2018, arXiv 1810.11654, at half the width)."""

    init_filters: int = 16
    blocks_down: tuple[int, ...] = (1, 2, 2, 4)
    blocks_up: tuple[int, ...] = (1, 1, 1)
    dropout: float = 0.2


@dataclass(frozen=True)
class DynUNetNumbers:
    """nnU-Net's shape for windows of 96³ to 128³ (Isensee et al. 2021): channels of each level."""

    filters: tuple[int, ...] = (32, 64, 128, 256, 320, 320)
    res_block: bool = True


@dataclass(frozen=True)
class SwinUnetrNumbers:
    """The small form of MONAI's (Hatamizadeh et al. 2022, arXiv 2201.01266, has 48 features)."""

    feature_size: int = 24
    depths: tuple[int, ...] = (2, 2, 2, 2)
    num_heads: tuple[int, ...] = (3, 6, 12, 24)
    drop_rate: float = 0.0


def _unetr(numbers: UnetrNumbers) -> nn.Module:
    edge = numbers.window
    inner = UNETR(
        CHANNELS,
        OUT,
        (edge, edge, edge),
        feature_size=numbers.feature_size,
        hidden_size=numbers.hidden_size,
        mlp_dim=numbers.mlp_dim,
        num_heads=numbers.num_heads,
        dropout_rate=numbers.dropout_rate,
    )
    for block in inner.vit.blocks:
        # MONAI makes them for other uses; several processes refuse parameters that never get a gradient.
        block.norm_cross_attn = block.cross_attn = nn.Identity()
    return Baseline(inner, PATCH, edge)


def _segresnet(numbers: SegResNetNumbers) -> nn.Module:
    inner = SegResNet(
        spatial_dims=3,
        init_filters=numbers.init_filters,
        in_channels=CHANNELS,
        out_channels=OUT,
        dropout_prob=numbers.dropout or None,
        blocks_down=tuple(numbers.blocks_down),
        blocks_up=tuple(numbers.blocks_up),
    )
    return Baseline(inner, 2 ** len(numbers.blocks_up))


def _dynunet(numbers: DynUNetNumbers) -> nn.Module:
    levels = len(numbers.filters)
    strides = [1] + [2] * (levels - 1)
    inner = DynUNet(
        3,
        CHANNELS,
        OUT,
        kernel_size=[3] * levels,
        strides=strides,
        upsample_kernel_size=strides[1:],
        filters=list(numbers.filters),
        res_block=numbers.res_block,
    )
    return Baseline(inner, 2 ** (levels - 1))


def _swin_unetr(numbers: SwinUnetrNumbers) -> nn.Module:
    inner = SwinUNETR(
        CHANNELS,
        OUT,
        depths=tuple(numbers.depths),
        num_heads=tuple(numbers.num_heads),
        feature_size=numbers.feature_size,
        drop_rate=numbers.drop_rate,
    )
    return Baseline(inner, 2 ** (len(numbers.depths) + 1))


BASELINES: dict[str, Architecture] = {
    "monai_unetr": Architecture(_unetr, UnetrNumbers, {}),
    "monai_segresnet": Architecture(_segresnet, SegResNetNumbers, {}),
    "monai_dynunet": Architecture(_dynunet, DynUNetNumbers, {}),
    "monai_swin_unetr": Architecture(_swin_unetr, SwinUnetrNumbers, {}),
}
"""Name → how it is made, as ``humor.networks.build.ARCHITECTURES``."""


def build_any(config: Mapping[str, Any]) -> nn.Module:
    """A network with fresh weights: a baseline, or one of the engine's.

    Raises:
        BundleError: an unknown name or number.
    """
    name = config.get("name")
    if name not in BASELINES:
        if name not in ARCHITECTURES:
            known = ", ".join([*ARCHITECTURES, *BASELINES])
            raise BundleError(f"Unknown architecture {name!r}; known: {known}.")
        return build(config)
    made = BASELINES[name]
    numbers = {key: value for key, value in config.items() if key != "name"}
    known_numbers = {field.name for field in fields(made.config)}
    if unknown := sorted(set(numbers) - known_numbers):
        raise BundleError(f"Architecture {name!r} has no number called {', '.join(unknown)}.")
    return made.network(made.config(**{**made.numbers, **numbers}))
