"""Studies to be measured: a case and its truth, on the native grid or on that of a packed case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from humor.regions import labels_to_regions
from humor.sequences import SEQUENCES, availability
from humor.study.case import Case
from humor.study.case_building import build_case
from humor.study.grid import WORKING_AXES, Grid
from humor.study.study import load_study

from ..data.labelled_case import LabelledCase
from ..data.labelled_study import LabelledStudy
from ..data.loading import labels_on, volume_files
from ..data.studies import find_studies

NATIVE, CROP = "native", "crop"
"""Grids that results are measured on: of the reference sequence's file, or of the packed case (1 mm)."""


@dataclass(frozen=True)
class Subject:
    """One study, loaded.

    Attributes:
        name: the study's.
        grid: ``NATIVE`` or ``CROP``.
        case: with all sequences that the patient has.
        truth: bool ``[3, *case.native.shape]`` (WT, TC, ET).
    """

    name: str
    grid: str
    case: Case
    truth: np.ndarray


@dataclass(frozen=True)
class Source:
    """One study, before it is loaded.

    Attributes:
        name: the study's.
        sequences: those that the patient has, in sequence order.
        load: reads it.
    """

    name: str
    sequences: tuple[str, ...]
    load: Callable[[], Subject]


def native_sources(data: Path) -> list[Source]:
    """The labelled studies of a folder or list, to be measured on their native grids.

    Raises:
        InputError: there is none.
    """
    return [_native(study) for study in find_studies(data).studies]


def packed_sources(cases: Sequence[LabelledCase]) -> list[Source]:
    """Packed cases, to be measured on their own grid."""
    return [_packed(case) for case in cases]


def only(case: Case, names: Sequence[str]) -> Case:
    """The case as if the patient had only the named sequences (on the same crop and grid)."""
    flags = availability(names)
    kept = np.array(flags)[:, None, None, None]
    return replace(case, image=case.image * kept, available=flags)


def _native(study: LabelledStudy) -> Source:
    def load() -> Subject:
        with volume_files(study.files) as files:
            case = build_case(load_study(files))
        labels = labels_on(case.native, study.label, study.label_values)
        return Subject(study.name, NATIVE, case, labels_to_regions(labels))

    return Source(study.name, tuple(study.files), load)


def _packed(packed: LabelledCase) -> Source:
    names = tuple(name for name, there in zip(SEQUENCES, packed.available, strict=True) if there)

    def load() -> Subject:
        image = packed.image.astype(np.float32)
        affine = np.eye(4)
        affine[:3, :3] = WORKING_AXES
        grid = Grid((image.shape[1], image.shape[2], image.shape[3]), affine)
        # Outside the brain all sequences are exactly 0.
        case = Case(image, availability(names), (image != 0).any(axis=0), grid, grid, names[0])
        return Subject(packed.name, CROP, case, labels_to_regions(packed.labels))

    return Source(packed.name, names, load)
