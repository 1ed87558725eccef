"""What a labelled study is: which file holds which sequence, and what its label values mean."""

from __future__ import annotations

from collections.abc import Mapping
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
class Study:
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
class Found:
    """What a layout found.

    Attributes:
        layout: its name.
        studies: with a label map, sorted by name.
        unlabelled: names of studies without one, which are left out.
    """

    layout: str
    studies: tuple[Study, ...]
    unlabelled: tuple[str, ...] = ()
