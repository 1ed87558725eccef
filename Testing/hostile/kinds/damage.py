"""Files that were cut, changed, swapped for others, or packed once too often."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import SimpleITK as sitk

from ..case import REFUSED, Case
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


@cache
def packed(ending: str) -> bytes:
    """The FLAIR as a file of a format."""
    if ending == ".nii":
        return image("flair").to_bytes()
    if ending == ".nii.gz":
        return gzip.compress(image("flair").to_bytes(), mtime=0)
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.nii", Path(folder) / f"b{ending}"
        source.write_bytes(packed(".nii"))
        sitk.WriteImage(sitk.ReadImage(str(source)), str(target), ending == ".nrrd")
        return target.read_bytes()


def _writing(data: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(data()), None)[1]


def _case(name: str, data: Callable[[], bytes], ending: str = ".nii", **more: object) -> Case:
    return Case(KIND, name, with_flair(_writing(data), ending), says=("flair",), **more)  # type: ignore[arg-type]


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for ending in (".nii", ".nii.gz", ".nrrd", ".mha"):
        for share in (0, 1, 100, 347, 352, 600, -1, -9, -4000, 0.3, 0.5, 0.9):
            yield _case(f"cut {ending} {share}", lambda e=ending, s=share: _cut(packed(e), s), ending)
        for number in range(10):
            yield _case(
                f"flipped {ending} {number}", lambda e=ending, n=number: _flipped(packed(e), n), ending
            )
        yield _case(f"garbage behind {ending}", lambda e=ending: packed(e) + b"garbage" * 99, ending)
        yield _case(f"hole {ending}", lambda e=ending: _hole(packed(e)), ending, within=None)
    for number in range(16):
        yield _case(
            f"header byte {number}", lambda n=number: _flipped(packed(".nii"), n, _HEADER), within=None
        )
    for name, content in OTHERS.items():
        for ending in (".nii", ".nii.gz", ".nrrd", ".mha"):
            yield _case(f"{name} as {ending}", lambda c=content: c, ending, codes=REFUSED, within=None)
    yield _case("packed twice", lambda: gzip.compress(packed(".nii.gz")), ".nii.gz")
    yield _case("two members", lambda: packed(".nii.gz") + gzip.compress(b"more"), ".nii.gz")
    yield _case("plain as gz", lambda: packed(".nii"), ".nii.gz")
    yield _case("gz as plain", lambda: packed(".nii.gz"), ".nii")
    yield _case("nrrd as nifti", lambda: packed(".nrrd"), ".nii")
    yield _case("nifti as nrrd", lambda: packed(".nii"), ".nrrd")
    yield _case(
        "wrong crc",
        lambda: packed(".nii.gz")[:-8] + bytes(4) + packed(".nii.gz")[-4:],
        ".nii.gz",
        codes=REFUSED,
    )
    yield _case("wrong length", lambda: packed(".nii.gz")[:-4] + b"\1\2\3\4", ".nii.gz", codes=REFUSED)


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
