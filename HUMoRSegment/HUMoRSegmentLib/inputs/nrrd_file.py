"""Writing a volume as uncompressed NRRD: a header and the voxels as they lie in memory.

The format: http://teem.sourceforge.net/nrrd/format.html. Slicer's own storage node takes as long, but it
writes nodes as they are, so that a transformed volume would have to be copied, and it does not say why
writing failed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from humor.study.grid import Grid

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TYPES = {"float32": "float", "float64": "double"}  # integers have the same names as in numpy


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
