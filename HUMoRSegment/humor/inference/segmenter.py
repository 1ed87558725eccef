"""A loaded model on a device: case in, segmentation out, as often as wanted."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import replace

import numpy as np

from ..bundle.bundle import Bundle
from ..errors import DeviceError, UsageError
from ..events import Reporter
from ..memory.available import CONTAINER, GB, PROCESS, main_memory
from ..networks.names import TOKEN
from ..options import PRECISIONS
from ..regions import nest
from ..routing import Routing
from ..study.case import Case, masks_to_native, to_native
from ..study.resampling import voxel_map
from ..user_input import LARGEST_EDGE, is_window
from ..warnings import RunWarning
from .backend import Backend, MirroredBackend, Raw, Strategy, Window
from .devices import resolve_device
from .memory_fallback import (
    SHARE,
    bytes_needed,
    fallbacks,
    first_that_fits,
    largest_window,
    small_window_warning,
    windows_below,
)
from .model import Model, model_of_bundle
from .postprocessing import limit_of, nested_masks, remove_small_components
from .segmentation import Segmentation
from .windows import Triple

GPU_BATCH = 4
_Values = dict[str, float | None]


class Segmenter:
    """Runs one model on one device.

    Args:
        model: a bundle, or a model made of a network in memory.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        window: ``auto`` (the whole brain where memory allows), ``whole``, or the edge of sliding
            windows in voxels (a multiple of 16, or of what the model's network needs).
        mirror: run the network on the brain's mirror image too and take the mean.

    Raises:
        UsageError, DeviceError, BundleError: see ``errors``.
    """

    def __init__(
        self,
        model: Bundle | Model,
        device: str = "auto",
        precision: str = "auto",
        window: str = "auto",
        mirror: bool = False,
    ) -> None:
        self.model = model_of_bundle(model) if isinstance(model, Bundle) else model
        self._window = _checked_window(window)
        if precision not in PRECISIONS:
            raise UsageError(f"Precision {precision!r} is not one of {', '.join(PRECISIONS)}.")
        graph_fits = self.model.has_graph and precision != "fp16"  # which OpenVINO does not know on CPUs
        self.device = resolve_device(device, torch_needed=not graph_fits)
        on_openvino = graph_fits and self.device.kind == "cpu" and _installed("openvino")
        self._library = "openvino" if on_openvino else "torch"
        backend = self._make_backend(precision)
        self._backend = MirroredBackend(backend) if mirror else backend
        _checked_window(window, self._backend.multiple)  # only a loaded network says what it needs
        if self.model.min_component_ml > 0:
            # Needed after the network; imported here, where front ends load the model beside the images.
            import scipy.ndimage  # noqa: F401

    def run(self, case: Case, reporter: Reporter | None = None) -> Segmentation:
        """Segment one case.

        Raises:
            DeviceError: it does not fit in memory, whatever is given up.
            Cancelled: the reporter was told to cancel.
        """
        reporter = reporter or Reporter()
        begin = time.perf_counter()
        raw, given_up, cost = self._predict(case, reporter)
        inferred = time.perf_counter()
        probabilities = nest(raw.probabilities)
        regions = self._native_regions(case, probabilities)
        return Segmentation(
            case=case,
            probabilities=probabilities,
            regions=regions,
            routing=_routing(raw, case, "distilled" if self._backend.distilled else "learned"),
            model=dict(self.model.facts),
            device=self._backend.label,
            fallbacks=given_up,
            warnings=cost,
            seconds={"infer": inferred - begin, "postprocess": time.perf_counter() - inferred},
        )

    def _make_backend(self, precision: str) -> Backend:
        if self._library == "openvino":
            from .openvino_backend import OpenVinoBackend

            assert self.model.bundle is not None
            return OpenVinoBackend(self.model.bundle, precision)
        if not _installed("torch"):
            raise DeviceError(
                f"The model {self.model.name} needs PyTorch here, which is not installed. Install it "
                "(pip install torch monai), or use a student on the CPU."
            )
        from .torch_backend import TorchBackend

        return TorchBackend(self.model.network(), self.device, precision)

    def _predict(self, case: Case, reporter: Reporter) -> tuple[Raw, list[RunWarning], list[RunWarning]]:
        """What the network says, what was given up for memory, and what the windows cost."""
        shape: Triple = (case.image.shape[1], case.image.shape[2], case.image.shape[3])
        training = self.model.window
        smaller = windows_below(shape, training)
        window, code, values = self._first_window(shape, smaller)
        first = Strategy(window, batch=1 if self.device.kind == "cpu" else GPU_BATCH)
        raw, used, given_up = first_that_fits(
            fallbacks(first, smaller, self.device.kind),
            lambda chosen: self._backend.run(case.image, case.available, chosen, reporter.progress),
            reporter.warning,
        )
        if used.window != window:
            code, values = "small_windows_fallback", {}
        return raw, given_up, small_window_warning(used.window, shape, training, code, values)

    def _first_window(self, shape: Triple, smaller: list[Triple]) -> tuple[Window, str, _Values]:
        """Where to begin, and why it is not larger: code and values of a warning."""
        if self._window == "whole":
            return None, "small_windows_chosen", {}
        if self._window != "auto":
            edge = int(self._window)
            return (edge, edge, edge), "small_windows_chosen", {}
        free, values = self._free_memory()
        values["needed_gb"] = bytes_needed(shape, None, self._library) / SHARE / GB
        return largest_window(shape, smaller, self._library, free), "small_windows_memory", values

    def _free_memory(self) -> tuple[int, _Values]:
        """Bytes, and what is said of them where they are few."""
        values: _Values = dict.fromkeys(("free_gb", "free_gpu_gb", "container_gb", "process_gb"))
        if self.device.kind == "cuda":
            import torch

            free = int(torch.cuda.mem_get_info(self.device.index)[0])
            return free, values | {"free_gpu_gb": free / GB}
        memory = main_memory()
        limit = {CONTAINER: "container_gb", PROCESS: "process_gb"}.get(memory.limit)
        values |= {"free_gb": memory.free / GB} | ({limit: memory.total / GB} if limit else {})
        return memory.free, values

    def _native_regions(self, case: Case, probabilities: np.ndarray) -> np.ndarray:
        thresholds, least = self.model.thresholds, self.model.min_component_ml
        if voxel_map(case.grid, case.native) is not None:
            # Same voxels: cutting first is exact, and three bool masks move faster than floats.
            masks = nested_masks(probabilities, thresholds)
            return to_native(case, remove_small_components(masks, case.grid.voxel_ml, least))
        box, within = masks_to_native(case, probabilities, limit_of(min(thresholds)))
        masks = np.zeros((len(within), *case.native.shape[::-1]), bool).transpose(0, 3, 2, 1)
        if within.size:
            found = nested_masks(within, thresholds)
            masks[(slice(None), *box)] = remove_small_components(found, case.native.voxel_ml, least)
        return masks


def _checked_window(window: str, multiple: int = TOKEN) -> str:
    if is_window(window, multiple):
        return window
    raise UsageError(
        f"Window {window!r} is not 'auto', 'whole' or a multiple of {multiple} up to {LARGEST_EDGE}."
    )


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _routing(raw: Raw, case: Case, source: str) -> Routing:
    """The gates with affines that lead on from the case's voxels to world."""
    if not raw.gates:
        return Routing()
    return Routing([replace(gate, affine=case.grid.affine @ gate.affine) for gate in raw.gates], source)
