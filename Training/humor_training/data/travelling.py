"""Cases and shapes for another machine, small enough to be sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from .case_file import SUFFIX, write_case
from .labelled_case import LabelledCase
from .packing import write_index
from .quantising import TOLERANCE

TOLERANCES = (TOLERANCE, 0.09, 0.12, 0.15)
"""Largest errors of the intensities in standard deviations, the usual one first. Mean size of a case at each:
1.40, 1.24, 1.12 and 1.04 MB; the noise of the scans is larger than all of them."""


def pack_within(cases: Sequence[LabelledCase], folder: Path, max_bytes: int) -> tuple[float, int]:
    """Write a packed folder of cases with the finest of ``TOLERANCES`` that fits.

    What cases lost when they were packed before comes on top of the tolerance.

    Returns:
        the tolerance, and the bytes; more than ``max_bytes`` where even the coarsest is too large.

    Raises:
        OSError: the folder cannot be written.
    """
    for tolerance in TOLERANCES:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        size, names = 0, []
        for case in cases:
            path = folder / f"{case.name}{SUFFIX}"
            write_case(path, case, {}, tolerance)
            size += path.stat().st_size
            names.append(path.name)
            if size > max_bytes and tolerance != TOLERANCES[-1]:
                break
        else:
            write_index(folder, names, tolerance)
            return tolerance, size
    raise AssertionError("the last tolerance is always kept")


def copy_label_maps(source: Path, names: Iterable[str], output: Path) -> None:
    """Those patients of a file of label maps that are named, as a file of the same kind."""
    with np.load(source, allow_pickle=False) as file:
        arrays = dict(file)
    kept = np.isin(arrays["ids"].astype(str), list(names))
    arrays |= {"seg": arrays["seg"][kept], "ids": arrays["ids"][kept]}
    np.savez_compressed(output, **arrays)
