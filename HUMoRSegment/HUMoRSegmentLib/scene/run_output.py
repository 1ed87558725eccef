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
from humor.output.names import INFLUENCE, LABEL_MAP, PROBABILITIES, REPORT, ROUTING_TABLE
from humor.regions import REGION_KEYS
from humor.routing import GateMap, Routing
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
        report: of ``report.json``.
        grid: of the results in the world, for an index ``(i, j, k)``.
        labels: the BraTS label map ``[k, j, i]``, uint8.
        probabilities: of WT, TC and ET; None if they were not kept.
    """

    report: dict[str, Any]
    grid: Grid
    labels: np.ndarray
    probabilities: Scaled | None

    @property
    def reference(self) -> str:
        """The sequence on whose grid the results are."""
        return str(self.report["sequences"]["reference"])


def read_run(output: Path) -> RunOutput:
    """Read a finished run.

    Args:
        output: the folder that ``humor segment`` wrote.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others; names it.
    """
    report = _read(output / REPORT, _read_report)
    affine = np.asarray(report["grid"]["affine"], float)
    i, j, k = (int(size) for size in report["grid"]["shape"])
    grid = Grid((i, j, k), affine)
    labels = _read(output / LABEL_MAP, lambda path: _on_grid(_stored(path)[0], grid, ()))
    path = output / PROBABILITIES
    kept = _read(path, lambda path: _scaled(path, grid)) if path.is_file() else None
    return RunOutput(report, grid, np.ascontiguousarray(labels, dtype=np.uint8), kept)


def read_routing(output: Path) -> Routing:
    """All gates of a run, in the network's order.

    Args:
        output: the folder that ``humor segment`` wrote.

    Returns:
        The gates' maps; none where the model has no experts (the folder then has no ``routing.json``).

    Raises:
        InputError: a file is missing or damaged; names it.
    """
    path = output / ROUTING_TABLE
    if not path.is_file():
        return Routing()
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        gates = [_read_gate(output, entry) for entry in table["gates"]]
        return Routing(gates, str(table["source"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            _("{path} is not a valid record of expert weights ({reason}). Segment the study again.").format(
                path=path, reason=error
            )
        ) from error


def read_influence(output: Path) -> list[dict[str, Any]]:
    """The rows of a comparison of sequences.

    Args:
        output: the folder that ``humor influence`` wrote.

    Returns:
        For each sequence left out and region: ``left_out`` and ``region``, ``all_ml``, ``without_ml`` and
        ``change_ml`` in ml, and ``dice`` of the two results.

    Raises:
        InputError: the file is missing, damaged or empty; names it.
    """
    path = output / INFLUENCE
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["effects"]
        if not rows:
            raise ValueError(_("it has no rows"))
        if unknown := {row["left_out"] for row in rows} - set(SEQUENCES):
            raise ValueError(_("unknown sequences: {names}").format(names=", ".join(map(str, unknown))))
        numbers = ("all_ml", "without_ml", "change_ml", "dice")
        return [
            {
                "left_out": row["left_out"],
                "region": str(row["region"]),
                **{key: float(row[key]) for key in numbers},
            }
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            _("{path} holds no complete comparison ({reason}). Compare the sequences again.").format(
                path=path, reason=error
            )
        ) from error


def _read(path: Path, read: Callable[[Path], _Read]) -> _Read:
    try:
        return read(path)
    except Exception as error:  # nibabel's and zlib's errors for damaged files have no common base
        raise InputError(
            _("{path} cannot be read ({reason}). Segment the study again.").format(path=path, reason=error)
        ) from error


def _read_report(path: Path) -> dict[str, Any]:
    """The report; the entries that are needed are looked at here, so that a damaged one is named."""
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    affine = np.asarray(report["grid"]["affine"], float)
    if affine.shape != (4, 4) or len(report["grid"]["shape"]) != 3 or not np.linalg.det(affine):
        raise ValueError(_("its grid has no valid shape and affine"))
    used, reference = report["sequences"]["used"], report["sequences"]["reference"]
    if not used or not {*used, reference} <= set(SEQUENCES):
        raise ValueError(_("its sequences are unknown"))
    if not isinstance(report["model"], dict) or not isinstance(report["warnings"], list):
        raise ValueError(_("its entries have the wrong type"))
    return report


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


def _read_gate(output: Path, entry: dict[str, Any]) -> GateMap:
    experts = tuple(str(name) for name in entry["experts"])
    weights, affine = _read_map(output / entry["file"], len(experts))
    return GateMap(str(entry["name"]), experts, weights, affine)


def _read_map(path: Path, experts: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights ``[experts, d, h, w]`` float32 and the affine of a map.

    Some programs drop last axes of length one when they write NIfTI, so a map of one place, or of one
    expert, may have fewer axes than four.
    """
    import nibabel

    try:
        image = nibabel.load(path)
        values = np.asarray(image.dataobj, dtype=np.float32)
    except Exception as error:  # nibabel's and zlib's errors for damaged files have no common base
        raise InputError(
            _("{path} cannot be read ({reason}). Segment the study again.").format(path=path, reason=error)
        ) from error
    grid = tuple((*values.shape, 1, 1, 1)[:3])
    if values.size != np.prod(grid) * experts or not np.isfinite(values).all():
        raise InputError(
            _("{path} does not hold the weights of {count} experts. Segment the study again.").format(
                path=path, count=experts
            )
        )
    return np.moveaxis(values.reshape(*grid, experts), -1, 0), np.asarray(image.affine, np.float64)
