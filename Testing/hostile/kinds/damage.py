"""Files that were cut, changed, swapped for others, or packed once too often."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk

from ..case import DONE, EITHER, REFUSED, REFUSED_OR_WRONG, Case
from ..made_study import image, with_flair

KIND = "damage"
_HEADER = 352  # bytes of a NIfTI header: what is changed there may mean another image

OTHERS: dict[str, bytes] = {
    "text": b"this is not an image\n" * 50,
    "html": b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 20,
    "zip": b"PK\x03\x04" + bytes(400),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "git lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
    "dicom": bytes(128) + b"DICM" + bytes(400),
    "zeros": bytes(5000),
    "ones": b"\xff" * 5000,
    "gzip magic only": b"\x1f\x8b",
    "utf-16": "ä nice image".encode("utf-16") * 60,
}


@dataclass(frozen=True)
class Format:
    """A way to store an image: ``write`` makes the files, of which ``ending`` is the one to be given."""

    ending: str
    write: Callable[[Path], object]
    others: tuple[str, ...] = ()


def _with_itk(compress: bool) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        source = path.with_name("source.nii")
        source.write_bytes(image("flair").to_bytes())
        sitk.WriteImage(sitk.ReadImage(str(source)), str(path), compress)

    return write


def _with_nibabel(kind: Any) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        made = image("flair")
        nibabel.save(kind(np.asarray(made.dataobj), made.affine), path)

    return write


FORMATS: dict[str, Format] = {
    ".nii": Format(".nii", lambda path: path.write_bytes(image("flair").to_bytes())),
    ".nii.gz": Format(
        ".nii.gz", lambda path: path.write_bytes(gzip.compress(image("flair").to_bytes(), mtime=0))
    ),
    ".nrrd": Format(".nrrd", _with_itk(True)),
    ".mha": Format(".mha", _with_itk(False)),
    "packed .mha": Format(".mha", _with_itk(True)),
    ".mgz": Format(".mgz", _with_nibabel(nibabel.MGHImage)),
    ".mhd": Format(".mhd", _with_itk(False), (".raw",)),
    "packed .mhd": Format(".mhd", _with_itk(True), (".zraw",)),
    ".nhdr": Format(".nhdr", _with_itk(True), (".raw.gz",)),
    ".img": Format(".img", _with_nibabel(nibabel.Nifti1Pair), (".hdr",)),
    ".img.gz": Format(".img.gz", _with_nibabel(nibabel.Nifti1Pair), (".hdr.gz",)),
}


@cache
def packed(name: str) -> dict[str, bytes]:
    """The FLAIR in a format: ending → content of each of its files."""
    made = FORMATS[name]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"flair{made.ending}"
        made.write(path)
        return {
            ending: path.with_name(f"flair{ending}").read_bytes() for ending in (made.ending, *made.others)
        }


def _case(
    name: str,
    form: str,
    change: Callable[[bytes], bytes | None],
    which: str | None = None,
    codes: frozenset[int] = EITHER,
    within: float | None = 0.1,
) -> Case:
    """One file of a format is changed; None of it: it is not written."""

    def write(path: Path) -> Path:
        for ending, data in packed(form).items():
            new = change(data) if ending == (which or FORMATS[form].ending) else data
            if new is not None:
                path.with_name(f"flair{ending}").write_bytes(new)
        return path

    prepare = with_flair(write, FORMATS[form].ending)
    return Case(KIND, name, prepare, says=("flair",), codes=codes, within=within)


def _always(data: bytes) -> Callable[[bytes], bytes]:
    return lambda _good: data


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for form, made in FORMATS.items():
        yield _case(f"good {form}", form, lambda data: data, codes=DONE)
        for which in (made.ending, *made.others):
            yield from _of_file(form, which)
    for number in range(16):
        yield _case(
            f"header byte {number}", ".nii", lambda data, n=number: _flipped(data, n, _HEADER), within=None
        )
    for name, content in OTHERS.items():
        for form in (".nii", ".nii.gz", ".nrrd", ".mha", ".mgz", ".img"):
            yield _case(f"{name} as {form}", form, _always(content), codes=REFUSED, within=None)
    plain, gz = packed(".nii")[".nii"], packed(".nii.gz")[".nii.gz"]
    yield _case("packed twice", ".nii.gz", gzip.compress)
    yield _case("two members", ".nii.gz", lambda data: data + gzip.compress(b"more"))
    yield _case("plain as gz", ".nii.gz", _always(plain))
    yield _case("gz as plain", ".nii", _always(gz))
    yield _case("nrrd as nifti", ".nii", _always(packed(".nrrd")[".nrrd"]))
    yield _case("nifti as nrrd", ".nrrd", _always(plain))
    yield _case("wrong check sum", ".nii.gz", lambda data: data[:-8] + bytes(4) + data[-4:], codes=REFUSED)
    yield _case("wrong length", ".nii.gz", lambda data: data[:-4] + b"\1\2\3\4", codes=REFUSED)


def _of_file(form: str, which: str) -> Iterator[Case]:
    """The damage that any file can have."""
    name = form if which == FORMATS[form].ending else f"{form} in {which}"
    usual = form in (".nii", ".nii.gz", ".nrrd", ".mha")
    shares = (0, 1, 100, 347, 352, 600, -1, -9, -4000, 0.3, 0.5, 0.9) if usual else (0, 100, -1, -4000, 0.5)
    for share in shares:
        yield _case(f"cut {name} {share}", form, lambda data, s=share: _cut(data, s), which)
    # A wrong bit of a header may mean another image.
    within = None if which in (".hdr", ".mhd", ".nhdr") else 0.1
    for number in range(10 if usual else 5):
        yield _case(
            f"flipped {name} {number}", form, lambda data, n=number: _flipped(data, n), which, within=within
        )
    yield _case(f"garbage behind {name}", form, lambda data: data + b"garbage" * 99, which)
    yield _case(f"hole in {name}", form, _hole, which, within=None)
    if FORMATS[form].others:
        yield _case(f"{name} without {which}", form, lambda data: None, which, codes=REFUSED_OR_WRONG)


def _cut(data: bytes, share: float) -> bytes:
    return data[: share if isinstance(share, int) else int(len(data) * share)]


def _flipped(data: bytes, number: int, most: int | None = None) -> bytes:
    chance = random.Random(f"{number} of {len(data)}")
    changed = bytearray(data)
    at = chance.randrange(most or len(data))
    changed[at] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _hole(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(2000) + data[middle + 2000 :]
