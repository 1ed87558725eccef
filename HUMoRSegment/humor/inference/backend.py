"""The small interface behind which every kind of device hides, and test-time mirroring on top of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from ..routing import GateMap
from .windows import Triple

Window = Triple | None
"""Edges in voxels, or None for the whole brain."""
LEFT_RIGHT = -1
"""Axis of a case; the networks have seen brains mirrored along it, and along no other."""


class OutOfMemory(Exception):
    """A backend ran out of memory; the memory fallback takes the next, smaller step."""


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
class Strategy:
    """How a case goes through the network.

    Attributes:
        window: which the network sees at a time.
        overlap: share of a window that it has in common with the next.
        batch: windows at a time.
        stitch_on_cpu: keep the case and the sum of windows in main memory.
        on_cpu: give up the device altogether.
    """

    window: Window = None
    overlap: float = 0.5
    batch: int = 1
    stitch_on_cpu: bool = False
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
        self,
        image: np.ndarray,
        available: tuple[bool, ...],
        strategy: Strategy,
        progress: Callable[[float], None],
    ) -> Raw:
        """Segment ``image [4, D, H, W]`` (edges multiples of 16).

        Raises:
            OutOfMemory: with this strategy it does not fit.
        """
        ...


class MirroredBackend:
    """The mean of what a network says about a brain and about its mirror image.

    The gates are those of the brain as it is.

    Args:
        inner: runs the network.
    """

    def __init__(self, inner: Backend) -> None:
        self._inner = inner

    @property
    def label(self) -> str:
        """That of the inner one, and that the brain was mirrored too."""
        return f"{self._inner.label}, mirrored too"

    @property
    def multiple(self) -> int:
        """That of the inner one."""
        return self._inner.multiple

    @property
    def distilled(self) -> bool:
        """That of the inner one."""
        return self._inner.distilled

    def run(
        self,
        image: np.ndarray,
        available: tuple[bool, ...],
        strategy: Strategy,
        progress: Callable[[float], None],
    ) -> Raw:
        """See ``Backend.run``."""
        straight = self._inner.run(image, available, strategy, lambda done: progress(done / 2))
        turned = np.ascontiguousarray(np.flip(image, LEFT_RIGHT))
        mirrored = self._inner.run(turned, available, strategy, lambda done: progress(0.5 + done / 2))
        back = np.flip(mirrored.probabilities, LEFT_RIGHT)
        return replace(straight, probabilities=(straight.probabilities + back) / 2)
