"""One image file: which bytes were read, the raw values in them, their meaning, and where they are.

The hash is of the very content that was segmented, not of what lies there later. Libraries read files by
their names. So a file is hashed just after it is read, and refused if it is not the same, untouched file
as before. After, because readers refuse what is no image, however long, at once.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..warnings import RunWarning
from .formats import HEADER_SUFFIXES, PAIR_SUFFIXES
from .grid import Grid, check_file_size
from .nifti_geometry import NiftiFields

_HEADERS = {  # ending → the line that names the file of the data
    ".mhd": re.compile(rb"^ElementDataFile[ \t]*=[ \t]*(.+?)[ \t\r]*$", re.MULTILINE),
    ".nhdr": re.compile(rb"^data ?file:[ \t]*(.+?)[ \t\r]*$", re.MULTILINE | re.IGNORECASE),
}
_MATRIX = ".mat"
"""Ending of the file in which SPM keeps where a pair lies in space."""
_HEADER_BYTES = 1 << 20
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Source:
    """A file as it was read.

    Attributes:
        path: where it lay.
        size: its bytes.
        sha256: their hash.
    """

    path: Path
    size: int
    sha256: str


Sources = tuple[Source, ...]
"""The file that was given, then those that are read with it."""


def data_files(path: Path) -> list[Path]:
    """The files that are read with one that is only a part of an image; none for all others.

    They hold the voxels of a header; of a pair's voxels, the header.
    Only files in the image's own folder are named, and only where they are.
    """
    for own, others in ((HEADER_SUFFIXES, PAIR_SUFFIXES), (PAIR_SUFFIXES, HEADER_SUFFIXES)):
        ending = next((suffix for suffix in own if path.name.lower().endswith(suffix)), "")
        if ending:
            return _of_pair(path, len(ending), others)
    pattern = _HEADERS.get(path.suffix.lower())
    if pattern is None:
        return []
    try:
        with open(path, "rb") as file:
            found = pattern.search(file.read(_HEADER_BYTES))
    except OSError:
        return []
    named = os.fsdecode(found[1]) if found else ""
    beside = [path.with_name(part) for part in {named} if part and part == os.path.basename(part)]
    return [file for file in beside if os.path.isfile(file)]


def _of_pair(path: Path, ending: int, others: tuple[str, ...]) -> list[Path]:
    """What lies beside one file of a pair, in the spelling in which nibabel looks for it."""
    base, own = path.name[:-ending], path.name[-ending:]
    spell = str.upper if own.isupper() else str
    beside = [path.with_name(base + spell(other)) for other in (*others, _MATRIX)]
    return [file for file in beside if os.path.isfile(file)]


@contextmanager
def watched(path: Path) -> Iterator[list[Source]]:
    """What is read inside the block: the file, and those that are read with it, listed when it ends.

    Raises:
        InputError: one of them cannot be read, is larger than memory, or was changed or replaced
            meanwhile.
    """
    files = [path, *data_files(path)]
    before = [_state(file) for file in files]
    for file in files:
        check_file_size(file, file.stat().st_size)
    found: list[Source] = []
    yield found
    found += [_hashed(file) for file in files]
    for file, state in zip(files, before, strict=True):
        if _state(file) != state:
            raise InputError(f"{file} changed while it was read. Wait until it is complete, and start again.")


def _state(path: Path) -> tuple[int, ...]:
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}). Check the path.") from error
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def _hashed(path: Path) -> Source:
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror or error}). Check its permissions."
        ) from error
    return Source(path, size, digest.hexdigest())


@dataclass(frozen=True)
class Volume:
    """A 3-D image without any conversion of its values.

    Attributes:
        data: ``[I, J, K]`` in the file's axis order and on-disk number type; may be read-only.
        slope: real value = ``data * slope + inter``; never 0.
        inter: see ``slope``.
        grid: where the voxels lie.
        path: the file, for messages and provenance.
        warnings: about this file, for the user.
        sources: the files that were read, with their hashes; empty for what was made here.
        fields: what results on this grid must repeat of a NIfTI header that contradicts itself.
    """

    data: np.ndarray
    slope: float
    inter: float
    grid: Grid
    path: Path
    warnings: tuple[RunWarning, ...] = ()
    sources: Sources = ()
    fields: NiftiFields | None = None
