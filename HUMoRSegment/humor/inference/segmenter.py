"""A loaded model on a device: case in, segmentation out, as often as wanted."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ..bundle.bundle import Bundle
from ..errors import DeviceError, UsageError
from ..events import Reporter
from ..memory.available import GB, main_memory
from ..regions import nest
from ..routing import Routing
from ..study.case import Case
from ..study.resampling import voxel_map
from ..study.restore import masks_to_native, to_native
from ..window_sizes import LARGEST_EDGE, TOKEN, is_window
from .backend import Backend, Plan, Raw
from .devices import Device, resolve_device
from .ladder import climb_down, steps
from .mirroring import MirroredBackend
from .postprocessing import limit_of, nested_masks, remove_specks
from .segmentation import Segmentation
from .window_choice import SHARE, Window, bytes_needed, cost_of, largest_window, windows_below
from .windows import Triple

GPU_BATCH = 4


class Segmenter:
    """Runs one bundle on one device.

    Args:
        bundle: the model.
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
        bundle: Bundle,
        device: str = "auto",
        precision: str = "auto",
        window: str = "auto",
        mirror: bool = False,
    ) -> None:
        self.bundle = bundle
        self._window = _checked_window(window)
        self._precision = precision
        has_graph = bool(bundle.manifest.graph)
        self.device = resolve_device(device, torch_needed=not has_graph)
        self._on_openvino = self.device.kind == "cpu" and has_graph and _installed("openvino")
        backend = _make_backend(bundle, self.device, precision, self._on_openvino)
        self._backend = MirroredBackend(backend) if mirror else backend
        _checked_window(window, self._backend.multiple)  # only a loaded network says what it needs
        if bundle.manifest.min_component_ml > 0:
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
        raw, fallbacks, cost = self._predict(case, reporter)
        inferred = time.perf_counter()
        probabilities = nest(raw.probabilities)
        regions = self._native_regions(case, probabilities)
        return Segmentation(
            case=case,
            probabilities=probabilities,
            regions=regions,
            routing=_routing(raw, case, "distilled" if self._backend.distilled else "learned"),
            model=self.bundle.identity(),
            device=self._backend.label,
            fallbacks=fallbacks,
            warnings=[cost] if cost else [],
            seconds={"infer": inferred - begin, "postprocess": time.perf_counter() - inferred},
        )

    def _predict(self, case: Case, reporter: Reporter) -> tuple[Raw, list[str], str]:
        """What the network says, what was given up for memory, and what the windows cost."""
        shape: Triple = (case.image.shape[1], case.image.shape[2], case.image.shape[3])
        training = self.bundle.manifest.window
        smaller = windows_below(shape, training)
        first, why = self._first_window(shape, smaller)
        plan = Plan(
            window=first,
            batch=1 if self.device.kind == "cpu" else GPU_BATCH,
            low_precision=self._precision != "fp32",
        )
        raw, used, fallbacks = climb_down(
            steps(plan, smaller, self.device.kind),
            lambda chosen: self._backend.run(case.image, case.available, chosen, reporter.progress),
            reporter.warning,
        )
        if used.window != first:
            why = "memory ran out with larger ones"
        return raw, fallbacks, cost_of(used.window, shape, training, why)

    def _first_window(self, shape: Triple, smaller: list[Triple]) -> tuple[Window, str]:
        """Where to begin, and why it is not larger."""
        if self._window == "whole":
            return None, ""
        if self._window != "auto":
            edge = int(self._window)
            return (edge, edge, edge), "such windows were asked for"
        kind = "openvino" if self._on_openvino else "torch"
        free, words = self._free_memory()
        needed = bytes_needed(shape, None, kind) / SHARE / GB
        why = f"memory was short ({words} were free, and the whole brain needs {needed:.1f} GB)"
        return largest_window(shape, smaller, kind, free), why

    def _free_memory(self) -> tuple[int, str]:
        if self.device.kind != "cuda":
            memory = main_memory()
            return memory.free, str(memory)
        import torch

        free = int(torch.cuda.mem_get_info(self.device.index)[0])
        return free, f"{free / GB:.1f} GB of the GPU's"

    def _native_regions(self, case: Case, probabilities: np.ndarray) -> np.ndarray:
        manifest = self.bundle.manifest
        thresholds = [manifest.thresholds[key] for key in manifest.regions]
        if voxel_map(case.grid, case.native) is not None:
            # Same voxels: cutting first is exact, and three bool masks move faster than floats.
            masks = nested_masks(probabilities, thresholds)
            return to_native(case, remove_specks(masks, case.grid.voxel_ml, manifest.min_component_ml))
        box, within = masks_to_native(case, probabilities, limit_of(min(thresholds)))
        masks = np.zeros((len(within), *case.native.shape[::-1]), bool).transpose(0, 3, 2, 1)
        if within.size:
            found = nested_masks(within, thresholds)
            masks[(slice(None), *box)] = remove_specks(found, case.native.voxel_ml, manifest.min_component_ml)
        return masks


def _checked_window(window: str, multiple: int = TOKEN) -> str:
    if is_window(window, multiple):
        return window
    raise UsageError(
        f"Window {window!r} is not 'auto', 'whole' or a multiple of {multiple} up to {LARGEST_EDGE}."
    )


def _make_backend(bundle: Bundle, device: Device, precision: str, on_openvino: bool) -> Backend:
    if on_openvino and precision != "fp16":
        from .openvino_backend import OpenVinoBackend

        return OpenVinoBackend(bundle, precision)
    if not _installed("torch"):
        raise DeviceError(
            f"The model {bundle.name} needs PyTorch here, which is not installed. Install it "
            "(pip install torch monai), or use a student on the CPU."
        )
    from .torch_backend import TorchBackend

    return TorchBackend(bundle, device, precision)


def _installed(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None


def _routing(raw: Raw, case: Case, source: str) -> Routing:
    """The gates with affines that lead on from the case's voxels to world."""
    if not raw.gates:
        return Routing()
    return Routing([replace(gate, affine=case.grid.affine @ gate.affine) for gate in raw.gates], source)
