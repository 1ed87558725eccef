"""The small interface behind which every kind of device hides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..routing import GateMap


class OutOfMemory(Exception):
    """A backend ran out of memory; the ladder takes the next, smaller step."""


@dataclass(frozen=True)
class Raw:
    """What a network says about a whole case.

    Attributes:
        probabilities: float32 ``[3, D, H, W]``.
        gates: one entry per gate, each with experts and a grid of its own; the affines lead to
            voxel indices of the image (not to world).
    """

    probabilities: np.ndarray
    gates: list[GateMap] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """How to go through a case: one step of the memory ladder.

    Attributes:
        window: edge lengths in voxels, or None for the whole case in one window.
        overlap: share of a window that it has in common with the next.
        batch: windows at a time.
        stitch_on_cpu: keep the case and the sum of windows in main memory.
        low_precision: bf16 or fp16 where the device has it.
        on_cpu: give up the device altogether.
    """

    window: tuple[int, int, int] | None = None
    overlap: float = 0.5
    batch: int = 1
    stitch_on_cpu: bool = False
    low_precision: bool = True
    on_cpu: bool = False


class Backend(Protocol):
    """Runs one network."""

    @property
    def label(self) -> str:
        """What it runs on, for people, e.g. ``CPU (OpenVINO, bf16)``."""
        ...

    @property
    def multiple(self) -> int:
        """Edges of windows in voxels are multiples of this; cases of other lengths are padded."""
        ...

    @property
    def distilled(self) -> bool:
        """Whether its gates are a student's prediction of its teacher's, not what the network runs by."""
        ...

    def run(
        self, image: np.ndarray, available: tuple[bool, ...], plan: Plan, progress: Callable[[float], None]
    ) -> Raw:
        """Segment ``image [4, D, H, W]`` (edges multiples of 16).

        Raises:
            OutOfMemory: with this plan it does not fit.
        """
        ...
