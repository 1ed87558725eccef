"""A labelled case as tensors on the device where windows are made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from humor.regions import ET, NCR

from ..data.labelled_case import LabelledCase


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


def regions_of(labels: Tensor) -> Tensor:
    """Nested regions ``[3, ...]`` (bool: WT, TC, ET) of BraTS labels 1, 2, 4 ``[...]``."""
    enhancing = labels == ET
    return torch.stack([labels > 0, enhancing | (labels == NCR), enhancing])
