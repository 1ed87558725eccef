"""Any network on CUDA, MPS or the CPU through torch, in MONAI's sliding windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from torch import Tensor, nn

from ..bundle.bundle import Bundle
from ..bundle.manifest import MANIFEST
from ..bundle.rules import GET_AGAIN
from ..bundle.weights import check_shapes
from ..errors import BundleError, MemoryShortage
from ..memory.shortage import is_memory_failure, memory_shortage, release_memory
from ..networks.build import build
from ..networks.names import TOKEN
from .backend import OutOfMemory, Raw, Strategy
from .devices import Device
from .gate_grids import Slot, pack, unpack
from .windows import SIGMA, Triple, boxes, padded_shape, step_of


def load_network(bundle: Bundle) -> nn.Module:
    """The bundle's network with its weights, in float32, for inference.

    Raises:
        BundleError: unknown architecture, or weights that do not fit it.
    """
    network = _built(bundle).eval().requires_grad_(False)
    weights = bundle.weights()
    state = network.state_dict()
    check_shapes(
        {name: array.shape for name, array in weights.items()},
        {name: tuple(tensor.shape) for name, tensor in state.items()},
        bundle.folder,
    )
    network.load_state_dict({name: torch.from_numpy(array).float() for name, array in weights.items()})
    return network


# What networks raise for numbers with which they cannot be.
_IMPOSSIBLE = (
    *(BundleError, TypeError, ValueError, ArithmeticError, LookupError, RuntimeError, AttributeError),
    *(MemoryError, AssertionError),
)


def _built(bundle: Bundle) -> nn.Module:
    try:
        return build(bundle.manifest.architecture)
    except _IMPOSSIBLE as error:
        if (shortage := memory_shortage(error)) is not None:
            raise MemoryShortage(f"{bundle.folder / MANIFEST}: {shortage}") from error
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BundleError(
            f"{bundle.folder / MANIFEST}: no network can be built with these numbers of its architecture "
            f"({reason}). {GET_AGAIN}"
        ) from error


class TorchBackend:
    """Runs any ``network(image, available) -> Prediction`` on one device.

    Args:
        network: with its weights, in float32; it is moved to the device and put into evaluation mode.
        device: where to run it.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
    """

    def __init__(self, network: nn.Module, device: Device, precision: str = "auto") -> None:
        self._network = network.eval()
        self._network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self._device = device
        self._type = _low_type(device, precision)
        self._used = "fp32"
        self._where = device

    @property
    def label(self) -> str:
        """What it runs on and how."""
        name = torch.cuda.get_device_name(self._where.index) if self._where.kind == "cuda" else ""
        return f"{self._where.torch_name.upper()} ({', '.join(filter(None, [name, 'torch', self._used]))})"

    @property
    def multiple(self) -> int:
        """What the network states as its own ``multiple``, or the edge of a token."""
        return int(getattr(self._network, "multiple", TOKEN))

    @property
    def distilled(self) -> bool:
        """What the network states; one that says nothing runs by its own gates."""
        return bool(getattr(self._network, "distilled", False))

    def run(
        self,
        image: np.ndarray,
        available: tuple[bool, ...],
        strategy: Strategy,
        progress: Callable[[float], None],
    ) -> Raw:
        """See ``Backend.run``. Cases are padded with zeros at their far ends, and results cut back."""
        self._where = Device("cpu") if strategy.on_cpu else self._device
        low = None if strategy.on_cpu else self._type
        self._used = "fp32" if low is None else str(low).removeprefix("torch.").replace("float16", "fp16")
        self._used = self._used.replace("bfp16", "bf16")
        try:
            with torch.inference_mode():
                return self._run(image, available, strategy, low, progress)
        except (MemoryError, RuntimeError) as error:
            if not is_memory_failure(error):
                raise
            message = str(error)
        # Outside the handler: the traceback would keep the failed run's memory alive.
        _free(self._where)
        raise OutOfMemory(message)

    def _run(
        self,
        image: np.ndarray,
        available: tuple[bool, ...],
        strategy: Strategy,
        low: torch.dtype | None,
        progress: Callable[[float], None],
    ) -> Raw:
        device = torch.device(self._where.torch_name)
        network = self._network.to(device)
        flags = torch.tensor([available], device=device)
        keep_on = torch.device("cpu") if strategy.stitch_on_cpu else device
        whole = _padded(torch.from_numpy(np.ascontiguousarray(image))[None].to(keep_on), self.multiple)
        edges: Triple = (whole.shape[2], whole.shape[3], whole.shape[4])
        window = edges if strategy.window is None else padded_shape(strategy.window, self.multiple)
        every = boxes(edges, window, strategy.overlap)
        slots: list[Slot] = []

        def predict(part: Tensor) -> tuple[Tensor, ...]:
            nonlocal slots
            with torch.autocast(device.type, low, enabled=low is not None):
                part = part.to(device).contiguous(memory_format=torch.channels_last_3d)
                prediction = network(part, flags.expand(len(part), -1))
            gates, slots = pack(prediction.routing, part.shape[2:], meeting=len(every) > 1)
            return prediction.logits.float().sigmoid(), *gates

        if len(every) == 1:
            outputs = predict(whole)
            progress(1.0)
        else:
            outputs = _windows(whole, replace(strategy, window=window), predict, device, keep_on, progress)
        depth, height, width = image.shape[1:]
        probabilities = outputs[0][0, :, :depth, :height, :width].float().contiguous().cpu().numpy()
        gates = [packed[0].cpu().numpy() for packed in outputs[1:]]
        return Raw(probabilities, unpack(gates, slots, edges, image.shape[1:]))


def _padded(whole: Tensor, multiple: int) -> Tensor:
    """``[1, 4, D, H, W]`` with zeros at the far ends, so that all edges are multiples."""
    shape = whole.shape[2:]
    d, h, w = (to - length for to, length in zip(padded_shape(shape, multiple), shape, strict=True))
    return nn.functional.pad(whole, [0, w, 0, h, 0, d]) if d or h or w else whole


def _windows(
    whole: Tensor,
    strategy: Strategy,
    predict: Callable[[Tensor], tuple[Tensor, ...]],
    device: torch.device,
    keep_on: torch.device,
    progress: Callable[[float], None],
) -> tuple[Tensor, ...]:
    assert strategy.window is not None
    edges = [min(edge, length) for edge, length in zip(strategy.window, whole.shape[2:], strict=True)]
    # Half a voxel more than a whole step, so that MONAI's rounding down finds that step.
    overlap = [1 - (step_of(edge, strategy.overlap) + 0.5) / edge for edge in edges]
    shape = (whole.shape[2], whole.shape[3], whole.shape[4])
    total, done = len(boxes(shape, strategy.window, strategy.overlap)), 0

    def counted(part: Tensor) -> tuple[Tensor, ...]:
        nonlocal done
        outputs = predict(part)
        done += len(part)
        progress(min(done / total, 1.0))
        return outputs

    outputs = sliding_window_inference(
        whole,
        roi_size=edges,
        sw_batch_size=strategy.batch,
        predictor=counted,
        overlap=overlap,
        mode="gaussian",
        sigma_scale=SIGMA,
        sw_device=device,
        device=keep_on,
    )
    # MONAI gives a bare tensor back where the predictor returned a tuple of one.
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)  # type: ignore[arg-type]


def _low_type(device: Device, precision: str) -> torch.dtype | None:
    """The number type of autocast, or None for float32."""
    if precision == "fp32":
        return None
    if precision == "auto":
        if device.kind == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.float16 if device.kind == "mps" else torch.bfloat16
    return torch.bfloat16 if precision == "bf16" else torch.float16


def _free(device: Device) -> None:
    release_memory()
    if device.kind == "cuda":
        torch.cuda.empty_cache()
    elif device.kind == "mps":
        torch.mps.empty_cache()
