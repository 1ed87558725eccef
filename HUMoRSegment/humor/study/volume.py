"""One image file as it lies on disk: raw values, their meaning, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..warnings import RunWarning
from .grid import Grid
from .nifti_geometry import NiftiFields
from .source import Sources


@dataclass(frozen=True)
class Volume:
    """A 3-D image without any conversion of its values.

    Attributes:
        data: ``[I, J, K]`` in the file's axis order and on-disk number type; may be read-only.
        slope: real value = ``data * slope + inter``; never 0.
        inter: see ``slope``.
        grid: where the voxels lie.
        path: the file, for messages and provenance.
        warnings: about this file, for the user.
        sources: the files that were read, with their hashes; empty for what was made here.
        fields: what results on this grid must repeat of a NIfTI header that contradicts itself.
    """

    data: np.ndarray
    slope: float
    inter: float
    grid: Grid
    path: Path
    warnings: tuple[RunWarning, ...] = ()
    sources: Sources = ()
    fields: NiftiFields | None = None
