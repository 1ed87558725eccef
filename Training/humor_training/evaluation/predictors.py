"""What can be measured: a bundle through the engine, or any torch network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from humor.errors import DeviceError, UsageError
from humor.inference.devices import resolve_device
from humor.inference.mirroring import LEFT_RIGHT
from humor.inference.postprocessing import nested_masks, remove_specks
from humor.inference.windows import SIGMA, padded_shape, step_of
from humor.regions import REGION_KEYS, USUAL_THRESHOLD, nest
from humor.study.case import Case
from humor.study.resampling import voxel_map
from humor.study.restore import to_native
from humor.window_sizes import TOKEN

if TYPE_CHECKING:
    from torch import Tensor, nn

OVERLAP = 0.5
PRECISIONS = ("auto", "fp32", "bf16")


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


@dataclass(frozen=True)
class Regions:
    """See ``Found``."""

    probabilities: np.ndarray
    regions: np.ndarray


class NetworkPredictor:
    """Any ``network(image, available) -> Prediction``, with the engine's windows and clean-up.

    Args:
        network: with its weights; it is moved to the device and put into evaluation mode.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        window: edge of sliding windows in voxels; None for the whole brain at once.
        precision: ``fp32``, ``bf16``, or ``auto`` (bf16 on CUDA, else fp32).
        min_component_ml: smaller parts are dropped.
        mirror: take the mean with the mirrored brain's result.
        thresholds: region → probability from which a voxel belongs to it; the usual one if not named.

    Raises:
        UsageError: an unknown precision, or a window that the network cannot take.
        DeviceError: the device is not there.
    """

    def __init__(
        self,
        network: nn.Module,
        device: str = "auto",
        window: int | None = None,
        precision: str = "auto",
        min_component_ml: float = 0.0,
        mirror: bool = False,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        import torch

        self._multiple = int(getattr(network, "multiple", TOKEN))
        if precision not in PRECISIONS:
            raise UsageError(f"Precision {precision!r} is not one of {', '.join(PRECISIONS)}.")
        if window is not None and (window < 1 or window % self._multiple):
            raise UsageError(f"Window {window} is not a positive multiple of {self._multiple}.")
        chosen = resolve_device(device)
        self._device = torch.device(chosen.torch_name)
        self._low = precision == "bf16" or (precision == "auto" and chosen.kind == "cuda")
        self._window = window
        self._min_component_ml = min_component_ml
        self._mirror = mirror
        self._thresholds = [(thresholds or {}).get(key, USUAL_THRESHOLD) for key in REGION_KEYS]
        self._network = network.to(self._device).eval()

    def run(self, case: Case) -> Regions:
        """Segment one case.

        Raises:
            DeviceError: it does not fit in the device's memory.
        """
        probabilities = nest(self._probabilities(case))
        if voxel_map(case.grid, case.native) is not None:  # same voxels: masks move faster than floats
            masks = to_native(case, nested_masks(probabilities, self._thresholds))
        else:
            masks = nested_masks(to_native(case, probabilities), self._thresholds)
        return Regions(probabilities, remove_specks(masks, case.native.voxel_ml, self._min_component_ml))

    def _probabilities(self, case: Case) -> np.ndarray:
        import torch

        from humor.memory.shortage import is_memory_failure

        depth, height, width = case.image.shape[1:]
        edges = padded_shape((depth, height, width), self._multiple)
        fill = [edge - length for edge, length in zip(edges, (depth, height, width), strict=True)]
        image = torch.from_numpy(np.ascontiguousarray(case.image))[None]
        image = torch.nn.functional.pad(image, [0, fill[2], 0, fill[1], 0, fill[0]])
        try:
            with torch.inference_mode():
                probabilities = self._whole(image, torch.tensor([case.available]))
        except (MemoryError, RuntimeError) as error:
            if not is_memory_failure(error):
                raise
            raise DeviceError(
                f"{self._device}: out of memory with windows of {self._window or 'the whole brain'}. "
                "Use smaller ones, e.g. --window 96, or --device cpu."
            ) from error
        return probabilities[0, :, :depth, :height, :width].numpy()

    def _whole(self, image: Tensor, available: Tensor) -> Tensor:
        """Probabilities ``[1, 3, D, H, W]`` on the CPU of ``image [1, 4, D, H, W]``."""
        import torch
        from monai.inferers import sliding_window_inference

        flags = available.to(self._device)

        def ask(part: Tensor) -> Tensor:
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._low):
                return self._network(part, flags.expand(len(part), -1)).logits.float().sigmoid()

        def predict(part: Tensor) -> Tensor:
            part = part.to(self._device).contiguous(memory_format=torch.channels_last_3d)
            probabilities = ask(part)
            if self._mirror:
                probabilities = (probabilities + ask(part.flip(LEFT_RIGHT)).flip(LEFT_RIGHT)) / 2
            return probabilities

        if self._window is None:
            return predict(image).cpu()
        edges = [min(self._window, length) for length in image.shape[2:]]
        # The engine's steps; half a voxel more than a step, so that MONAI's rounding down finds it.
        overlap = [1 - (step_of(edge, OVERLAP) + 0.5) / edge for edge in edges]
        result = sliding_window_inference(
            image,
            roi_size=edges,
            sw_batch_size=1,
            predictor=predict,
            overlap=overlap,
            mode="gaussian",
            sigma_scale=SIGMA,
            sw_device=self._device,
            device="cpu",
        )
        assert isinstance(result, torch.Tensor)
        return result


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
        device: see ``NetworkPredictor``.
        window: ``auto``, ``whole`` or an edge in voxels; ``auto`` is the whole brain for runs.
        precision: see ``NetworkPredictor``.
        best: of a run, the weights that were best on its held-out cases.
        mirror: see ``NetworkPredictor``.

    Raises:
        UsageError, DeviceError, InputError, BundleError: see ``humor.errors``.
    """
    from humor.bundle.bundle import load_bundle
    from humor.bundle.store import find_bundle
    from humor.hashing import sha256_of_file
    from humor.inference.segmenter import Segmenter

    from ..checkpoints import RECIPE
    from ..checkpoints.run_folder import load_trained, read_thresholds, weights_file

    folder = Path(model)
    if (folder / RECIPE).exists():
        edge = None if window in ("auto", "whole") else _edge(window)
        network = load_trained(folder, best)
        weights = weights_file(folder, best)
        thresholds = read_thresholds(folder, weights).get("thresholds", {})
        predictor = NetworkPredictor(network, device, edge, precision, mirror=mirror, thresholds=thresholds)
        return predictor, _facts(sha256_of_file(weights), thresholds)
    if best:
        raise UsageError(f"{model}: --best belongs to a run's folder; this is a bundle.")
    bundle = load_bundle(find_bundle(model))
    segmenter = Segmenter(bundle, device, precision, window, mirror)
    return segmenter, _facts(bundle.sha256, bundle.manifest.thresholds)


def _facts(weights: str, thresholds: Mapping[str, float]) -> dict[str, str]:
    words = (f"{key} {thresholds.get(key, USUAL_THRESHOLD):g}" for key in REGION_KEYS)
    return {"weights": weights, "thresholds": ", ".join(words)}


def _edge(window: str) -> int:
    if not window.isdigit():
        raise UsageError(f"Window {window!r} is not 'auto', 'whole' or an edge in voxels.")
    return int(window)
