"""A labelled case as tensors on the device where windows are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from humor.regions import ET, NCR

from ..data.labelled_case import LabelledCase

GPU_SHARE = 0.25
"""Of a GPU's memory, for cases that stay there (some 30 MB each); the rest is the network's."""


@dataclass(frozen=True)
class TensorCase:
    """``LabelledCase`` on a device.

    Attributes:
        name: of the case.
        image: float16 or float32 ``[4, D, H, W]``.
        available: flags ``[4]`` (numpy: chance is decided on the CPU).
        labels: uint8 ``[D, H, W]``.
    """

    name: str
    image: Tensor
    available: np.ndarray
    labels: Tensor

    def labelled(self) -> LabelledCase:
        """The same as arrays."""
        image = self.image.half().cpu().numpy()
        return LabelledCase(self.name, image, self.available, self.labels.cpu().numpy())


def on_device(case: LabelledCase | TensorCase, device: torch.device) -> TensorCase:
    """The case there; without a copy where it is there already."""
    image = torch.as_tensor(case.image, device=device)
    labels = torch.as_tensor(case.labels, device=device)
    return TensorCase(case.name, image, np.asarray(case.available, bool), labels)


class DeviceCases(Sequence[TensorCase]):
    """Cases on a device: some stay there, the others are moved whenever they are drawn.

    Draws are even, so which ones stay does not matter, and none is put out for another.

    Args:
        cases: in the computer's memory, or mapped into it.
        device: where windows are made.
        room: bytes for those that stay; None: ``GPU_SHARE`` of the device's memory.
    """

    def __init__(
        self, cases: Sequence[LabelledCase], device: torch.device, room: float | None = None
    ) -> None:
        self._cases, self._device = cases, device
        self._left = GPU_SHARE * _memory(device) if room is None else room
        self._staying: dict[int, TensorCase] = {}

    def __len__(self) -> int:
        return len(self._cases)

    def __getitem__(self, index: int) -> TensorCase:  # type: ignore[override]
        if index in self._staying:
            return self._staying[index]
        case = on_device(self._cases[index], self._device)
        size = case.image.nbytes + case.labels.nbytes
        if size <= self._left:
            self._staying[index] = case
            self._left -= size
        return case


def _memory(device: torch.device) -> float:
    """Bytes of a device; 0 where torch does not tell."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    return float(torch.mps.recommended_max_memory()) if device.type == "mps" else 0.0


def regions_of(labels: Tensor) -> Tensor:
    """Nested regions ``[3, ...]`` (bool: WT, TC, ET) of BraTS labels 1, 2, 4 ``[...]``."""
    enhancing = labels == ET
    return torch.stack([labels > 0, enhancing | (labels == NCR), enhancing])
