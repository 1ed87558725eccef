"""The chosen volumes as files for the engine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import InputError, OutputError
from humor.sequences import DISPLAY_NAMES, SEQUENCES
from humor.study.grid import Grid

from ..scene.geometry import in_world, moved_non_linearly, title, world_grid
from .preflight import refusal, value_refusal

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TYPES = {"float32": "float", "float64": "double"}  # integers have the same names as in numpy


def write_volumes(sequences: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Write each volume as uncompressed NRRD in world coordinates, its parent transforms applied.

    The scene and the nodes stay untouched. Linear transforms only change the geometry that is
    written; under non-linear ones the volume is resampled (``preflight`` says so). Files are named
    by sequence, so that no patient's name gets into a temporary folder.

    Args:
        sequences: sequence → scalar volume node; at least one.
        folder: an existing folder.

    Returns:
        sequence → its file, in sequence order.

    Raises:
        InputError: a node cannot be segmented; names it. Nothing was written then.
        OutputError: the folder cannot be written to, or is full.
    """
    nodes = {name: sequences[name] for name in SEQUENCES if sequences.get(name) is not None}
    _refuse_same_node(nodes)
    for node in nodes.values():
        if problem := refusal(node) or value_refusal(node, slicer.util.arrayFromVolume(node)):
            raise InputError(problem)
    grids = {name: world_grid(node) for name, node in nodes.items() if not moved_non_linearly(node)}
    files = {}
    for name, node in nodes.items():
        source = node
        if name not in grids:
            source = in_world(node)
            if problem := refusal(source):
                raise InputError(problem)
        files[name] = Path(folder) / f"{name}.nrrd"
        try:
            write_nrrd(
                files[name],
                _as_measured(slicer.util.arrayFromVolume(source)),
                grids.get(name) or world_grid(source),
            )
        except OSError as error:
            raise OutputError(
                _(
                    "{node} cannot be written to {folder} ({reason}). Free some space there, or choose "
                    "another temporary folder in Slicer's application settings."
                ).format(node=title(node), folder=folder, reason=error.strerror or error)
            ) from error
    return files


def _as_measured(data: np.ndarray) -> np.ndarray:
    """Voxels in no more than 32 bits: Slicer keeps some files in 64, more digits than a scanner has.

    Half the bytes are written, read and hashed; what lies outside of 32 bits stays as it is.
    """
    if data.dtype != np.float64 or np.abs(data).max() > np.finfo(np.float32).max:
        return data
    return data.astype(np.float32)


def _refuse_same_node(nodes: Mapping[str, Any]) -> None:
    for (first, node), (second, other) in combinations(nodes.items(), 2):
        if node is other:
            raise InputError(
                _(
                    "{node} was chosen both as {first} and as {second}. Choose another volume for one of "
                    "them, or leave it empty."
                ).format(node=title(node), first=DISPLAY_NAMES[first], second=DISPLAY_NAMES[second])
            )


def write_nrrd(path: Path, data: np.ndarray, grid: Grid) -> None:
    """Write one volume; a file that could not be finished is removed again.

    Args:
        path: the file.
        data: ``[k, j, i]``, contiguous, of integers or real numbers in the machine's byte order.
        grid: of ``[i, j, k]``.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        with path.open("wb") as file:
            file.write(_header(data, grid).encode("ascii"))
            file.write(np.ascontiguousarray(data).data.cast("B"))
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _header(data: np.ndarray, grid: Grid) -> str:
    affine = _RAS_TO_LPS @ grid.affine
    lines = [
        "NRRD0004",
        f"type: {_TYPES.get(data.dtype.name, data.dtype.name)}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, reversed(data.shape)))}",
        f"space directions: {' '.join(_vector(affine[:3, axis]) for axis in range(3))}",
        "kinds: domain domain domain",
        f"endian: {sys.byteorder}",
        "encoding: raw",
        f"space origin: {_vector(affine[:3, 3])}",
    ]
    return "\n".join(lines) + "\n\n"


def _vector(values: np.ndarray) -> str:
    """Numbers with all their digits."""
    return f"({','.join(repr(float(value)) for value in values)})"
