"""What one run found, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..regions import REGION_KEYS
from ..routing import Routing
from ..study.case import Case
from ..warnings import RunWarning
from .plausibility import Plausibility, plausibility


@dataclass(frozen=True)
class Segmentation:
    """The result of one run.

    Attributes:
        case: what was segmented.
        probabilities: float32 ``[3, D, H, W]`` (WT, TC, ET), nested, on ``case.grid``.
        regions: bool ``[3, *case.native.shape]`` on the native grid, in its file's axis order,
            nested, after thresholds and removal of small components.
        routing: gate weights on places inside ``case.grid``; no gates if the model has none.
        model: facts about the bundle: ``name``, ``architecture``, ``sha256``, ``version``.
        device: what it ran on in the end, e.g. ``cpu (OpenVINO, bf16)``.
        fallbacks: what had to be given up for memory.
        warnings: of the run, for the user; ``result_warnings`` finds those that follow from the result.
        seconds: stage → seconds.
    """

    case: Case
    probabilities: np.ndarray
    regions: np.ndarray
    routing: Routing
    model: dict[str, str]
    device: str
    fallbacks: list[RunWarning] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def plausibility(self) -> Plausibility | None:
        """What the whole tumour looks like as a whole; None if none was found. Counted once."""
        return plausibility(self.regions[0], self.case)

    def volumes_ml(self) -> dict[str, float]:
        """Region → volume in millilitres on the native grid."""
        voxel = self.case.native.voxel_ml
        # Counting bits is many times faster than sum(), which makes a whole number of each.
        counts = [int(np.count_nonzero(mask)) for mask in self.regions]
        return {key: count * voxel for key, count in zip(REGION_KEYS, counts, strict=True)}
