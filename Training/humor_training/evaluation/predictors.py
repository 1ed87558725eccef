"""What can be measured: a run's network or a bundle, both through the engine's ``Segmenter``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from humor.errors import UsageError
from humor.inference.devices import resolve_device
from humor.regions import REGION_KEYS, USUAL_THRESHOLD
from humor.study.case import Case


class Found(Protocol):
    """What a predictor says about a case; ``humor.inference.segmentation.Segmentation`` is one."""

    @property
    def probabilities(self) -> np.ndarray:
        """Of regions, float32 ``[3, *case.grid.shape]``, nested."""
        ...

    @property
    def regions(self) -> np.ndarray:
        """Masks, bool ``[3, *case.native.shape]``, nested."""
        ...


class Predictor(Protocol):
    """Segments cases; ``humor.inference.segmenter.Segmenter`` is one."""

    def run(self, case: Case) -> Found:
        """Segment one case from its available sequences."""
        ...


def load_predictor(
    model: str,
    device: str = "auto",
    window: str = "auto",
    precision: str = "auto",
    best: bool = False,
    mirror: bool = False,
) -> tuple[Predictor, dict[str, str]]:
    """A run's network with the thresholds chosen for it, or a bundle; and facts that tell it from others.

    The facts are ``weights``, a SHA-256, and ``thresholds``.

    Args:
        model: folder of ``humor-train fit``, or name or folder of a bundle.
        device: see ``Segmenter``.
        window: ``auto``, ``whole`` or an edge in voxels; ``auto`` is the whole brain for runs.
        precision: see ``Segmenter``; ``auto`` is fp32 for runs where the device is not CUDA.
        best: of a run, the weights that were best on its held-out cases.
        mirror: see ``Segmenter``.

    Raises:
        UsageError, DeviceError, InputError, BundleError: see ``humor.errors``.
    """
    from humor.bundle.bundle import load_bundle
    from humor.bundle.store import find_bundle
    from humor.hashing import sha256_of_file
    from humor.inference.model import model_of_network
    from humor.inference.segmenter import Segmenter

    from ..checkpoints import RECIPE
    from ..checkpoints.run_folder import load_trained, read_run, read_thresholds, weights_file

    folder = Path(model)
    if (folder / RECIPE).exists():
        recipe, _state = read_run(folder, best)
        weights = weights_file(folder, best)
        thresholds = read_thresholds(folder, weights).get("thresholds", {})
        facts = {"name": folder.name}
        trained = model_of_network(
            load_trained(folder, best), recipe.stages[-1].largest, thresholds, facts=facts
        )
        segmenter = Segmenter(
            trained,
            device,
            _precision_of_run(precision, device),
            "whole" if window == "auto" else window,
            mirror,
        )
        return segmenter, _facts(sha256_of_file(weights), thresholds)
    if best:
        raise UsageError(f"{model}: --best belongs to a run's folder; this is a bundle.")
    bundle = load_bundle(find_bundle(model))
    segmenter = Segmenter(bundle, device, precision, window, mirror)
    return segmenter, _facts(bundle.sha256, bundle.manifest.thresholds)


def _facts(weights: str, thresholds: Mapping[str, float]) -> dict[str, str]:
    words = (f"{key} {thresholds.get(key, USUAL_THRESHOLD):g}" for key in REGION_KEYS)
    return {"weights": weights, "thresholds": ", ".join(words)}


def _precision_of_run(precision: str, device: str) -> str:
    """Exact numbers where they cost little more than rounded ones, as while the run was trained."""
    return "fp32" if precision == "auto" and resolve_device(device).kind != "cuda" else precision
