"""Test-time mirroring: the mean of what a network says about a brain and about its mirror image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .backend import Backend, Plan, Raw

LEFT_RIGHT = -1
"""Axis of a case; the networks have seen brains mirrored along it, and along no other."""


class MirroredBackend:
    """A backend that runs another one twice.

    The gates are those of the brain as it is.

    Args:
        inner: runs the network.
    """

    def __init__(self, inner: Backend) -> None:
        self._inner = inner

    @property
    def label(self) -> str:
        """That of the inner one, and that the brain was mirrored."""
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
        self, image: np.ndarray, available: tuple[bool, ...], plan: Plan, progress: Callable[[float], None]
    ) -> Raw:
        """See ``Backend.run``."""
        straight = self._inner.run(image, available, plan, lambda done: progress(done / 2))
        turned = np.ascontiguousarray(np.flip(image, LEFT_RIGHT))
        mirrored = self._inner.run(turned, available, plan, lambda done: progress(0.5 + done / 2))
        back = np.flip(mirrored.probabilities, LEFT_RIGHT)
        return replace(straight, probabilities=(straight.probabilities + back) / 2)
