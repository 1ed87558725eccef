"""Everything that can be wrong with a data set, found before a training starts.

Every file is read once, by the engine's own reader, so what passes here can be trained on. Volumes are
compared by hashes of their values, so the same image under two names or in two kinds of numbers is noticed; a
cropped or resampled copy is not.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, fields
from enum import Enum
from pathlib import Path

import numpy as np

from humor.errors import InputError
from humor.sequences import DISPLAY_NAMES, SEQUENCES
from humor.study.grid import Grid
from humor.study.resampling import place, voxel_map
from humor.study.study import read_volume
from humor.study.volume import Volume

from .labelled_study import FoundStudies, LabelledStudy
from .loading import read_label_volume, to_brats, volume_files

THREADS = 2
SAME_PLACE_MM = 2.0  # image and label of one grid may differ by rounded headers, not by more
OUTSIDE_TO_WARN, OUTSIDE_TO_REFUSE = 0.05, 0.5  # share of the tumour where no sequence shows anything


@dataclass
class _Checked:
    """What checking one study found out, and what is compared with other studies."""

    study: LabelledStudy
    findings: list[Finding] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    def say(self, severity: Severity, what: str, message: str) -> None:
        self.findings.append(Finding(severity, self.study.name, what, message))


@dataclass(frozen=True)
class _Shown:
    """Where a sequence lies, and where it shows anything."""

    grid: Grid
    foreground: np.ndarray


def check(found: FoundStudies) -> list[Finding]:
    """All findings of a data set, errors first.

    Errors are what a training would stop at or learn wrong things from: missing and damaged files, images
    that are constant or hold values that are not numbers, label maps that do not belong to the images or hold
    unknown values, the same images as two patients. Warnings: doubtful geometry, no tumour, the same image in
    two studies of a patient. Infos: missing sequences, studies without labels.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        checked = list(pool.map(_check_study, found.studies))
    findings = [finding for one in checked for finding in one.findings]
    findings += _duplicates(checked)
    findings += [
        Finding(Severity.INFO, name, "label", "has no label map and is left out") for name in found.unlabelled
    ]
    return by_severity(findings)


def _check_study(study: LabelledStudy) -> _Checked:
    checked = _Checked(study)
    missing = [DISPLAY_NAMES[name] for name in SEQUENCES if name not in study.files]
    if not study.files:
        checked.say(
            Severity.ERROR, "", f"{study.label.parent} has no sequence. Add one, or take the study out."
        )
    elif missing:
        checked.say(Severity.INFO, "", f"has no {', '.join(missing)}")
    shown = _check_sequences(checked)
    labels = _check_label(checked)
    if labels is not None and shown:
        _check_together(checked, labels, shown)
    return checked


def _check_sequences(checked: _Checked) -> dict[str, _Shown]:
    shown: dict[str, _Shown] = {}
    try:
        with volume_files(checked.study.files) as files:
            for name, path in files.items():
                try:
                    volume = read_volume(path)
                except InputError as error:
                    message = str(error).replace(str(path), str(checked.study.files[name]))
                    checked.say(Severity.ERROR, name, message)
                    continue
                for warning in volume.warnings:
                    checked.say(Severity.WARNING, name, str(warning))
                checked.hashes[name] = _hash(volume)
                shown[name] = _Shown(volume.grid, volume.data != volume.data[0, 0, 0])
    except InputError as error:  # a 4-D file that cannot be read
        checked.say(Severity.ERROR, "", str(error))
    return shown


def _check_label(checked: _Checked) -> Volume | None:
    study = checked.study
    try:
        volume = read_label_volume(study.label)
        labels = to_brats(volume.data, study.label_values, study.label)
    except InputError as error:
        checked.say(Severity.ERROR, "label", str(error))
        return None
    if not labels.any():
        checked.say(Severity.WARNING, "label", f"{study.label} marks no tumour")
    return Volume(labels, 1.0, 0.0, volume.grid, study.label)


def _check_together(checked: _Checked, label: Volume, shown: dict[str, _Shown]) -> None:
    """The label map lies on an image's grid, and its tumour where images show something."""
    on_grid = [name for name, image in shown.items() if _belongs(label.grid, image.grid)]
    alike = [name for name, image in shown.items() if image.grid.shape == label.grid.shape]
    if not on_grid and alike:
        distance = _farthest(shown[alike[0]].grid, label.grid)
        checked.say(
            Severity.ERROR if distance > SAME_PLACE_MM else Severity.WARNING,
            "label",
            f"{label.path} has the shape of {DISPLAY_NAMES[alike[0]]}, but their affines put the same voxel "
            f"up to {distance:.1f} mm apart. Copy the right geometry into the label map's header.",
        )
        return
    if not on_grid:
        first = next(iter(shown))
        checked.say(
            Severity.WARNING,
            "label",
            f"{label.path} (shape {label.grid.shape}) lies on the grid of no sequence "
            f"({DISPLAY_NAMES[first]}: {shown[first].grid.shape}); it will be resampled. "
            "Check that it is of this study.",
        )
        return
    for name in sorted(set(shown) - set(on_grid)):
        checked.say(Severity.INFO, name, "lies on another grid than the label map and will be resampled")
    _check_outside(checked, label, [shown[name] for name in on_grid])


def _check_outside(checked: _Checked, label: Volume, images: Sequence[_Shown]) -> None:
    tumour = label.data > 0
    total = int(np.count_nonzero(tumour))
    for image in images:
        voxels = voxel_map(image.grid, label.grid)
        if voxels is None:
            return
        tumour = tumour & ~place(image.foreground, voxels, label.grid.shape)
    outside = int(np.count_nonzero(tumour)) / max(total, 1)
    if outside > OUTSIDE_TO_WARN:
        checked.say(
            Severity.ERROR if outside > OUTSIDE_TO_REFUSE else Severity.WARNING,
            "label",
            f"{outside:.0%} of the tumour in {label.path} lies where no sequence shows anything. Check that "
            "the label map is of this study and not flipped.",
        )


def _belongs(label: Grid, image: Grid) -> bool:
    """Whether voxels coincide; in grids of one size all of them, or a lost origin would pass as a crop."""
    voxels = voxel_map(label, image)
    if voxels is None:
        return False
    return sorted(label.shape) != sorted(image.shape) or voxels.starts == (0, 0, 0)


def _farthest(one: Grid, other: Grid) -> float:
    """The largest distance in mm between the places of the same corner voxel."""
    shift = (one.affine - other.affine) @ one.corners()
    return float(np.linalg.norm(shift[:3], axis=0).max())


def _hash(volume: Volume) -> str:
    """Of shape and values as float32, in the file's order of axes."""
    values = volume.data.astype(np.float32)
    if (volume.slope, volume.inter) != (1.0, 0.0):
        values = values * np.float32(volume.slope) + np.float32(volume.inter)
    digest = hashlib.sha1(str(volume.data.shape).encode(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(values.T).data)  # transposed, as all readers give Fortran's order
    return digest.hexdigest()


def _duplicates(checked: Iterable[_Checked]) -> list[Finding]:
    seen: dict[str, tuple[LabelledStudy, str]] = {}
    findings = []
    for one in checked:
        for name, digest in one.hashes.items():
            first, before = seen.setdefault(digest, (one.study, name))
            if (first, before) == (one.study, name):
                continue
            twice = first.patient == one.study.patient and before == name
            findings.append(
                Finding(
                    Severity.WARNING if twice else Severity.ERROR,
                    one.study.name,
                    name,
                    f"{one.study.files[name]} holds the same image as {first.files[before]} of {first.name}"
                    + ("" if twice else _remedy(first, one.study)),
                )
            )
    return findings


def _remedy(first: LabelledStudy, second: LabelledStudy) -> str:
    if first.name == second.name:
        return ": one sequence was given twice. Take one out."
    if first.patient == second.patient:
        return ", as another sequence. Correct the names."
    return (
        ": one patient under two names would be on both sides of a split. Take one out, or name the patient."
    )


class Severity(str, Enum):
    """How bad it is: cannot be trained on; should be looked at; good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that a check noticed.

    Attributes:
        severity: how bad it is.
        study: the study's name; "" for the whole data set.
        what: a sequence, "label", or "" for the whole study.
        message: in words, with the file where there is one.
    """

    severity: Severity
    study: str
    what: str
    message: str


COLUMNS = tuple(field.name for field in fields(Finding))


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by study."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: (order.index(finding.severity), finding.study, finding.what))


def counts(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many of each severity, also 0."""
    found = Counter(finding.severity for finding in findings)
    return {severity: found[severity] for severity in Severity}


def table(findings: Sequence[Finding]) -> str:
    """Aligned columns with a heading; "" where there is nothing."""
    if not findings:
        return ""
    rows = [COLUMNS, *(_cells(finding) for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def write_csv(path: Path, findings: Iterable[Finding]) -> None:
    """The same table for other programs.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(finding) for finding in findings)


def _cells(finding: Finding) -> tuple[str, ...]:
    severity, *rest = astuple(finding)
    return (severity.value, *rest)
