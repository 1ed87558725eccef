"""What a finished run wrote, read and checked before the scene is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.output.names import LABEL_MAP, PROBABILITIES, REPORT
from humor.regions import REGION_KEYS
from humor.sequences import SEQUENCES
from humor.study.grid import Grid

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Scaled:
    """Stored numbers and what they are multiplied by: a quarter of the memory of real ones.

    Attributes:
        stored: ``[region, k, j, i]``.
        slope: stored value × slope is a probability.
    """

    stored: np.ndarray
    slope: float


@dataclass(frozen=True)
class RunOutput:
    """The results of a run.

    Attributes:
        facts: of ``report.json``.
        grid: of the results in the world, for an index ``(i, j, k)``.
        labels: the BraTS label map ``[k, j, i]``, uint8.
        probabilities: of WT, TC and ET; None if they were not kept.
    """

    facts: dict[str, Any]
    grid: Grid
    labels: np.ndarray
    probabilities: Scaled | None

    @property
    def reference(self) -> str:
        """The sequence on whose grid the results are."""
        return str(self.facts["sequences"]["reference"])


def read_run(output: Path) -> RunOutput:
    """Read a finished run.

    Args:
        output: the folder that ``humor segment`` wrote.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others; names it.
    """
    facts = _read(output / REPORT, _facts)
    affine = np.asarray(facts["grid"]["affine"], float)
    i, j, k = (int(size) for size in facts["grid"]["shape"])
    grid = Grid((i, j, k), affine)
    labels = _read(output / LABEL_MAP, lambda path: _on_grid(_stored(path)[0], grid, ()))
    path = output / PROBABILITIES
    kept = _read(path, lambda path: _scaled(path, grid)) if path.is_file() else None
    return RunOutput(facts, grid, np.ascontiguousarray(labels, dtype=np.uint8), kept)


def _read(path: Path, read: Callable[[Path], _Read]) -> _Read:
    try:
        return read(path)
    except Exception as error:  # nibabel's and zlib's errors for damaged files have no common base
        raise InputError(
            _("{path} cannot be read ({reason}). Segment the study again.").format(path=path, reason=error)
        ) from error


def _facts(path: Path) -> dict[str, Any]:
    """The report; the entries that are needed are looked at here, so that a damaged one is named."""
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    affine = np.asarray(facts["grid"]["affine"], float)
    if affine.shape != (4, 4) or len(facts["grid"]["shape"]) != 3 or not np.linalg.det(affine):
        raise ValueError(_("its grid is none"))
    used, reference = facts["sequences"]["used"], facts["sequences"]["reference"]
    if not used or not {*used, reference} <= set(SEQUENCES):
        raise ValueError(_("its sequences are unknown"))
    if not isinstance(facts["model"], dict) or not isinstance(facts["warnings"], list):
        raise ValueError(_("entries have the wrong type"))
    return facts


def _scaled(path: Path, grid: Grid) -> Scaled:
    values, slope = _stored(path)
    return Scaled(_on_grid(values, grid, (len(REGION_KEYS),)), slope)


def _stored(path: Path) -> tuple[np.ndarray, float]:
    """The numbers of a NIfTI file as they are stored, last axis first, and their slope."""
    import nibabel

    data = nibabel.load(path).dataobj
    if data.inter:
        raise ValueError(_("its values have an offset"))
    return np.asarray(data.get_unscaled()).T, float(data.slope)


def _on_grid(values: np.ndarray, grid: Grid, first: tuple[int, ...]) -> np.ndarray:
    wanted = (*first, *reversed(grid.shape))
    if values.shape != wanted:
        raise ValueError(
            _("its size is {found}, not {wanted}").format(
                found=" × ".join(map(str, reversed(values.shape))),
                wanted=" × ".join(map(str, reversed(wanted))),
            )
        )
    return values
