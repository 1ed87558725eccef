"""Studies that are there in every way in which people keep them: the result must be the usual one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk

from humor.sequences import SEQUENCES

from ..case import DONE, REFUSED, REFUSED_OR_WRONG, Case
from ..made_study import CHEAP, image, images, segment

KIND = "layouts"
ORDER = ",".join(SEQUENCES)
Write = Callable[[Any, Path], object]


def _save(made: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(made, path)


def _as(kind: Any) -> Write:
    return lambda made, path: _save(kind(np.asarray(made.dataobj), made.affine), path)


def _with_itk(compress: bool) -> Write:
    def write(made: Any, path: Path) -> None:
        _save(made, path.parent / "source.nii")
        sitk.WriteImage(sitk.ReadImage(str(path.parent / "source.nii")), str(path), compress)
        (path.parent / "source.nii").unlink()

    return write


# Ending → how an image is written so.
WRITERS: dict[str, Write] = {
    ".nii.gz": _save,
    ".mgz": _as(nibabel.MGHImage),
    ".mgh": _as(nibabel.MGHImage),
    ".img": _as(nibabel.Nifti1Pair),
    ".img.gz": _as(nibabel.Nifti1Pair),
    ".nrrd": _with_itk(True),
    ".nhdr": _with_itk(False),
    ".mha": _with_itk(False),
    ".mhd": _with_itk(True),
}
# How the four files are called, relative to the study's folder.
NAMES: dict[str, Callable[[str], str]] = {
    "plain": lambda name: name,
    "capitals": lambda name: name.upper(),
    "brats": lambda name: f"BraTS2021_00006_{'t1ce' if name == 't1c' else name}",
    "brats 2023": lambda n: f"BraTS-GLI-1-000-{dict(t1='t1n', t1c='t1c', t2='t2w', flair='t2f')[n]}",
    "bids": lambda n: f"anat/sub-1_{dict(t1='T1w', t1c='ce-gd_T1w', t2='T2w', flair='FLAIR')[n]}",
    "folders": lambda name: f"{name}/image",
    "siemens": lambda n: dict(
        t1="t1_mprage_sag", t1c="t1_mprage_sag_KM", t2="t2_tse_tra", flair="t2_space_dark-fluid_sag"
    )[n],
    "ge": lambda n: dict(t1="Ax T1", t1c="Ax T1 +C", t2="Ax T2 PROPELLER", flair="Ax T2 FLAIR")[n],
}


def _each(write: Write, ending: str, name: Callable[[str], str], *more: str) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        for sequence in SEQUENCES:
            path = place / "in" / f"{name(sequence)}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(image(sequence), path)
        return segment(place, *more)

    return prepare


def _numbered(place: Path, with_order: bool) -> list[str]:
    """nnU-Net: ``CASE_0000`` and a ``dataset.json``, or the order as an option."""
    for number, sequence in enumerate(SEQUENCES):
        _save(image(sequence), place / "in" / f"case1_{number:04}.nii.gz")
    if with_order:
        return segment(place, "--channels", ORDER)
    names = {str(number): sequence for number, sequence in enumerate(SEQUENCES)}
    (place / "in" / "dataset.json").write_text(json.dumps({"channel_names": names}))
    return segment(place)


def _stacked() -> Any:
    data, affine = images()
    return nibabel.Nifti1Image(np.stack([data[name] for name in SEQUENCES], axis=-1), affine)


def _four(place: Path, *more: str, ending: str = ".nii.gz") -> list[str]:
    path = place / "in" / f"four{ending}"
    made = _stacked()
    if ending in (".nrrd", ".mha"):
        volumes = [sitk.GetImageFromArray(np.asarray(made.dataobj)[..., n].T.copy()) for n in range(4)]
        _save(image("t1"), place / "t1.nii")
        like = sitk.ReadImage(str(place / "t1.nii"))
        for volume in volumes:
            volume.CopyInformation(like)
        path.parent.mkdir(parents=True)
        sitk.WriteImage(sitk.JoinSeries(volumes), str(path))
    else:
        _as(nibabel.MGHImage if ending == ".mgz" else nibabel.Nifti1Image)(made, path)
    return ["segment", str(path), "--output", str(place / "out"), *CHEAP, *more]


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for ending, write in WRITERS.items():
        yield Case(KIND, f"all {ending}", _each(write, ending, NAMES["plain"]), codes=DONE)
    for name, called in NAMES.items():
        yield Case(KIND, f"names {name}", _each(_save, ".nii.gz", called), codes=DONE)
    for with_order in (False, True):
        yield Case(
            KIND,
            f"numbers{' with an order' * with_order}",
            lambda place, w=with_order: _numbered(place, w),
            codes=DONE,
        )
    for ending in (".nii", ".nii.gz", ".mgz", ".nrrd", ".mha"):
        yield Case(
            KIND,
            f"four volumes {ending}",
            lambda place, e=ending: _four(place, "--channels", ORDER, ending=e),
            codes=DONE,
        )
    wrong = {
        "without an order": [],
        "three names": ["--channels", "t1,t1c,t2"],
        "five names": ["--channels", f"{ORDER},other"],
        "twice": ["--channels", "t1,t1,t2,flair"],
        "nonsense": ["--channels", "swi,dwi"],
        "all others": ["--channels", "other,other,other,other"],
        "a huge reference": ["--channels", ORDER, "--reference", "dwi"],
    }
    for name, more in wrong.items():
        yield Case(
            KIND,
            f"four volumes {name}",
            lambda place, m=more: _four(place, *m),
            codes=REFUSED_OR_WRONG,
            within=None,
        )
    yield Case(
        KIND,
        "four volumes in another order",
        lambda place: _four(place, "--channels", "flair,t2,t1c,t1"),
        codes=DONE,
        within=None,
    )
    yield Case(
        KIND,
        "t1 and t1c in one file, as one",
        _each(lambda made, path: _save(_stacked(), path), ".nii.gz", NAMES["plain"]),
        codes=REFUSED,
        within=None,
        says=("t1.nii.gz",),
    )
