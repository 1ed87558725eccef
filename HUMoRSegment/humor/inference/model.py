"""What a ``Segmenter`` runs: a bundle, or a network in memory with the same facts about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..bundle.bundle import Bundle
from ..regions import REGION_KEYS, USUAL_THRESHOLD

if TYPE_CHECKING:
    from torch import nn

    from .windows import Triple


@dataclass(frozen=True)
class Model:
    """A network and how its results are made.

    Attributes:
        network: makes it, with its weights, in float32; torch is imported only then.
        window: lengths of the training windows in voxels.
        thresholds: probability from which a voxel belongs to WT, TC, ET.
        min_component_ml: smaller connected components are removed.
        spacing_mm: edge length of the voxels that it sees.
        facts: what a result says about its model; see ``Segmentation``.
        bundle: where it is from, if it is from one; with a graph that OpenVINO can run, perhaps.
    """

    network: Callable[[], nn.Module]
    window: Triple
    thresholds: tuple[float, ...]
    min_component_ml: float = 0.0
    spacing_mm: float = 1.0
    facts: Mapping[str, str] = field(default_factory=dict)
    bundle: Bundle | None = None

    @property
    def has_graph(self) -> bool:
        """Whether OpenVINO can run it."""
        return self.bundle is not None and bool(self.bundle.manifest.graph)

    @property
    def name(self) -> str:
        """For messages."""
        return self.facts.get("name", "in memory")


def model_of_bundle(bundle: Bundle) -> Model:
    """A bundle's model."""

    def network() -> nn.Module:
        from .torch_backend import load_network

        return load_network(bundle)

    manifest = bundle.manifest
    return Model(
        network,
        manifest.window,
        tuple(manifest.thresholds[key] for key in manifest.regions),
        manifest.min_component_ml,
        manifest.spacing_mm,
        bundle.identity(),
        bundle,
    )


def model_of_network(
    network: nn.Module,
    window: Triple = (96, 96, 96),
    thresholds: Mapping[str, float] | None = None,
    min_component_ml: float = 0.0,
    facts: Mapping[str, str] | None = None,
) -> Model:
    """A model of any ``network(image, available) -> Prediction``.

    Args:
        network: with its weights; it is moved to the device and put into evaluation mode.
        window: see ``Model``.
        thresholds: region → probability from which a voxel belongs to it; the usual one if not named.
        min_component_ml: see ``Model``.
        facts: see ``Model``.
    """
    cuts = tuple((thresholds or {}).get(key, USUAL_THRESHOLD) for key in REGION_KEYS)
    return Model(lambda: network, window, cuts, min_component_ml, facts=facts or {})
