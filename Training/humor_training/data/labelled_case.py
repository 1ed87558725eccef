"""What training works on: a case of the engine with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelledCase:
    """A case and its truth on the same grid: 1 mm voxels, cropped to the brain.

    Attributes:
        name: the study's name.
        image: float16 ``[4, D, H, W]``, as ``humor.study.case.Case.image``.
        available: four flags in sequence order.
        labels: uint8 BraTS labels ``[D, H, W]`` (1 NCR, 2 ED, 4 ET).
        patient: whose study it is; "" where every case is another patient.
    """

    name: str
    image: np.ndarray
    available: np.ndarray
    labels: np.ndarray
    patient: str = ""
