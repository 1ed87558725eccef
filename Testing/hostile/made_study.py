"""The study that cases damage: a box of the sample study around its tumour, segmented in 0.2 s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from humor.sequences import SEQUENCES

SAMPLE = Path(__file__).resolve().parents[2] / "HUMoRSegment" / "Resources" / "Sample"
EDGE = 80
CHEAP = ("--device", "cpu", "--no-report", "--no-segments", "--no-routing")
"""Options that leave out what a case does not look at."""


@cache
def images() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Sequence → int16 ``[80, 80, 80]``, and the affine of all."""
    truth = nibabel.load(SAMPLE / "truth.nii.gz")
    tumour = np.argwhere(np.asarray(truth.dataobj) > 0)
    begin = (tumour.min(axis=0) + tumour.max(axis=0)) // 2 - EDGE // 2
    box = tuple(slice(at, at + EDGE) for at in begin)
    affine = truth.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ begin
    found = {name: np.asarray(nibabel.load(SAMPLE / f"{name}.nii.gz").dataobj)[box] for name in SEQUENCES}
    return {name: np.round(data).astype(np.int16) for name, data in found.items()}, affine


def image(name: str) -> Any:
    """A sequence as a NIfTI image of its own, to be changed at will."""
    data, affine = images()[0][name], images()[1]
    return nibabel.Nifti1Image(data.copy(), affine)


@cache
def _packed(name: str) -> bytes:
    return image(name).to_bytes()


def write_study(folder: Path, leave_out: Sequence[str] = (), ending: str = ".nii") -> Path:
    """The study's files, ``t1.nii`` and so on, without some of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SEQUENCES:
        if name not in leave_out:
            if ending == ".nii":
                (folder / f"{name}.nii").write_bytes(_packed(name))
            else:
                nibabel.save(image(name), folder / f"{name}{ending}")
    return folder


def segment(place: Path, *more: str) -> list[str]:
    """Arguments that segment the study in ``place / "in"``."""
    return ["segment", str(place / "in"), "--output", str(place / "out"), *CHEAP, *more]


def with_flair(write: Callable[[Path], Path | None], ending: str = ".nii") -> Callable[[Path], list[str]]:
    """A case's preparation: a good study whose FLAIR is what ``write`` puts at the path that it is given."""

    def prepare(place: Path) -> list[str]:
        folder = write_study(place / "in", leave_out=["flair"])
        given = write(folder / f"flair{ending}") or folder / f"flair{ending}"
        named = [word for name in ("t1", "t1c", "t2") for word in (f"--{name}", str(folder / f"{name}.nii"))]
        return ["segment", *named, "--flair", str(given), "--output", str(place / "out"), *CHEAP]

    return prepare
