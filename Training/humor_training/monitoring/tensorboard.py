"""The figures of the tables for TensorBoard, where that is installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"
"""In the run's folder."""


class TensorBoard:
    """Writes scalars to ``<run>/tensorboard``; without the package it says so once and does nothing.

    Args:
        folder: the run's.
        step: steps that the training has done. What an earlier sitting wrote after it is hidden.
        tell: is given the message.
    """

    def __init__(self, folder: Path, step: int, tell: Callable[[str], None] = print) -> None:
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            tell("No figures for TensorBoard: the package is not installed (pip install tensorboard).")
            return
        # TensorBoard hides events from purge_step on; those of the step itself were written before it was
        # saved and are right.
        self._writer = SummaryWriter(folder / FOLDER, purge_step=step + 1 if step else None)  # type: ignore[no-untyped-call]

    def add(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Scalars ``<group>/<name>`` of a step; NaN and infinity are left out."""
        if self._writer is None:
            return
        for name, value in values.items():
            if math.isfinite(value):
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        """Write what is still waiting."""
        if self._writer is not None:
            self._writer.close()
