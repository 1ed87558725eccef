"""What a labelled study is: which file holds which sequence, what its label values mean, whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SequenceFile:
    """Where one sequence lies.

    Attributes:
        path: an image file.
        channel: which volume of a 4-D file, from 0; ``None`` for a file with one volume.
    """

    path: Path
    channel: int | None = None

    def __str__(self) -> str:
        return str(self.path) if self.channel is None else f"{self.path} (channel {self.channel})"


@dataclass(frozen=True)
class LabelledStudy:
    """A patient at one time point, with an expert's label map.

    Attributes:
        name: unique in its data set.
        patient: studies of one patient share it, so that splits keep them together.
        files: sequence (``t1``, ``t1c``, ``t2``, ``flair``) → its file, in sequence order.
        label: the label map's file.
        label_values: stored value → BraTS label (0 background, 1 NCR, 2 ED, 4 ET) for all values but 0;
            ``None`` for files that hold BraTS labels of any release up to 2023.
    """

    name: str
    patient: str
    files: Mapping[str, SequenceFile]
    label: Path
    label_values: Mapping[int, int] | None = None


@dataclass(frozen=True)
class FoundStudies:
    """What a layout found.

    Attributes:
        layout: its name.
        studies: with a label map, sorted by name.
        unlabelled: names of studies without one, which are left out.
    """

    layout: str
    studies: tuple[LabelledStudy, ...]
    unlabelled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A way in which folders and files of a data set are named.

    Attributes:
        name: of the layout.
        example: names, for messages.
        find: what a folder holds of it; ``None`` where the folder does not look like it at all.
    """

    name: str
    example: str
    find: Callable[[Path], FoundStudies | None]


_TIME_POINTS = (
    re.compile(r"(?P<patient>BraTS-[A-Za-z]+-\d+)-\d+"),  # BraTS since 2023
    re.compile(r"(?P<patient>Brats1[789]_.+)_\d+", re.IGNORECASE),  # 2017 to 2019; not BraTS20_Training_001
    re.compile(r"(?P<patient>sub-[A-Za-z0-9]+)_ses-[A-Za-z0-9]+"),  # BIDS
)


def patient_of(study: str) -> str:
    """A study's name without its time point; the name itself where it has no known form."""
    for pattern in _TIME_POINTS:
        if match := pattern.fullmatch(study):
            return match["patient"]
    return study
