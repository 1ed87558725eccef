"""What training works on, a case of the engine with its truth, and the small file that it is packed into.

The file is a zip of arrays as ``numpy.savez`` writes it, read without pickle, so that loading can run no
code; the zip's checksums notice damage. Loading needs numpy alone, not nibabel or MONAI.
"""

from __future__ import annotations

import json
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from humor.errors import InputError
from humor.sequences import SEQUENCES

from .coding import TOLERANCE, Axes, decode, encode, quantise


@dataclass(frozen=True)
class LabelledCase:
    """A case and its truth on the same grid: 1 mm voxels, cropped to the brain.

    Attributes:
        name: the study's name.
        image: float16 ``[4, D, H, W]``, as ``humor.study.case.Case.image``.
        available: four flags in sequence order.
        labels: uint8 BraTS labels ``[D, H, W]`` (1 NCR, 2 ED, 4 ET).
        patient: whose study it is; "" where every case is another patient.
    """

    name: str
    image: np.ndarray
    available: np.ndarray
    labels: np.ndarray
    patient: str = ""


FORMAT = 2
"""Raise it when the content, or how the engine builds cases, changes: older files are then packed anew."""

SUFFIX = ".case.npz"
ABOUT = "about"
_BROKEN = (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile, lzma.LZMAError, zlib.error)


def write_case(
    path: Path, case: LabelledCase, origin: Mapping[str, Any], tolerance: float = TOLERANCE
) -> None:
    """Write a case, all or nothing.

    Args:
        path: the file.
        case: its image is kept to ``tolerance``, and exactly zero where it is zero; its labels exactly.
        origin: where it comes from (JSON).
        tolerance: largest error of the image in standard deviations.

    Raises:
        OSError: the file cannot be written.
    """
    image, labels = case.image, case.labels
    inside = image != 0
    arrays = {"labels": _squeezed(labels), "inside": _squeezed(np.packbits(_against_first(inside)))}
    coded: dict[str, Any] = {}
    for index, name in enumerate(SEQUENCES):
        if case.available[index]:
            indices, levels = quantise(image[index], tolerance)
            small, large, axes = encode(indices, inside[index])
            arrays |= {
                f"{name}_levels": levels,
                f"{name}_small": _bytes(small),
                f"{name}_large": _bytes(large),
            }
            coded[name] = {"axes": axes, **_errors(image[index], _table(levels)[indices], inside[index])}
    about = {
        "format": FORMAT,
        "name": case.name,
        "patient": case.patient,
        "shape": labels.shape,
        "sequences": coded,
        "origin": origin,
    }
    _write(path, {ABOUT: _bytes(json.dumps(about).encode()), **arrays})


def read_about(path: Path) -> dict[str, Any]:
    """Name, errors and origin of a packed case, without its images.

    Raises:
        InputError: the file is damaged, or of another format.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _about(path, arrays)
    except _BROKEN as error:
        raise _damaged(path, error) from error


def read_case(path: Path) -> LabelledCase:
    """Read a whole packed case.

    Raises:
        InputError: the file is damaged, or of another format.
    """
    about = read_about(path)
    available = np.array([name in about["sequences"] for name in SEQUENCES])
    return LabelledCase(about["name"], read_image(path), available, read_labels(path), about["patient"])


def read_labels(path: Path) -> np.ndarray:
    """The labels of a packed case; raises as ``read_case``."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            shape = tuple(_about(path, arrays)["shape"])
            labels = np.frombuffer(lzma.decompress(arrays["labels"].tobytes()), np.uint8).reshape(shape)
    except _BROKEN as error:
        raise _damaged(path, error) from error
    return labels.copy()


def read_image(path: Path) -> np.ndarray:
    """The image of a packed case; raises as ``read_case``."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = _about(path, arrays)
            shape = (len(SEQUENCES), *about["shape"])
            inside = _unpacked(lzma.decompress(arrays["inside"].tobytes()), shape)
            image = np.zeros(shape, np.float16)
            for name, said in about["sequences"].items():
                index = SEQUENCES.index(name)
                image[index] = _decoded(arrays, name, inside[index], tuple(said["axes"]))
    except _BROKEN as error:
        raise _damaged(path, error) from error
    return image


def _about(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(arrays[ABOUT].tobytes())
    if about["format"] != FORMAT:
        raise InputError(
            f"{path} has format {about['format']}, this version reads {FORMAT}. Pack the data again with "
            "'humor-train pack'."
        )
    return about


def _decoded(arrays: Mapping[str, np.ndarray], name: str, inside: np.ndarray, axes: Axes) -> np.ndarray:
    small, large = arrays[f"{name}_small"].tobytes(), arrays[f"{name}_large"].tobytes()
    values = _table(arrays[f"{name}_levels"])[decode(small, large, inside, axes)]
    return np.where(inside, values, np.float16(0))


def _table(levels: np.ndarray) -> np.ndarray:
    """Index of 8 bit → level."""
    return np.pad(levels, (0, 256 - len(levels)))


def _errors(image: np.ndarray, kept: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Largest and mean error in standard deviations, to four digits."""
    off = np.abs(image[inside].astype(np.float32) - kept[inside].astype(np.float32))
    if off.size == 0:
        return {"max_error": 0.0, "mean_error": 0.0}
    return {"max_error": round(float(off.max()), 4), "mean_error": round(float(off.mean()), 4)}


def _against_first(inside: np.ndarray) -> np.ndarray:
    """Most sequences have the same mask: it is kept once, the others as differences. Its own inverse."""
    return np.concatenate([inside[:1], inside[1:] ^ inside[:1]])


def _unpacked(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape))
    return _against_first(np.unpackbits(np.frombuffer(data, np.uint8), count=count).view(bool).reshape(shape))


def _squeezed(array: np.ndarray) -> np.ndarray:
    return _bytes(lzma.compress(np.ascontiguousarray(array).tobytes()))


def _bytes(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} is not a whole packed case ({error!r}). Copy it again, or pack the data again."
    )


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """To a temporary name first, so that a killed run leaves no half file under the real one."""
    handle, name = tempfile.mkstemp(".partial", f".{path.name}.", path.parent)
    staged = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        staged.chmod(0o644)
        os.replace(staged, path)
    finally:
        staged.unlink(missing_ok=True)
