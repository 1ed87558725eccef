"""The images of a study's folder: all that are there, also those that cannot be used, with the reason."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..sequences import SEQUENCES
from .acquisition import Reading
from .evidence import Traces, read_traces
from .file_names import NameReading, common_words, read_name, read_names, stem
from .formats import COMPANION_SUFFIXES, HEADER_SUFFIXES, PAIR_SUFFIXES, header_of, image_suffix
from .sidecars import SOURCE, sidecar_facts

BIDS_IMAGES = "anat"
"""Where BIDS keeps a session's images."""
DICOM_SUFFIXES = (".dcm", ".ima")
_POINTER_BYTES = 1024  # a pointer of Git LFS or git-annex is shorter
_POINTERS = (
    (
        b"version https://git-lfs.github.com/spec/",
        "a pointer of Git LFS, not the image; 'git lfs pull' fetches it",
    ),
    (b"/annex/objects/", "a pointer of git-annex, not the image; 'git annex get' fetches it"),
)


@dataclass(frozen=True)
class FoundImage:
    """An image that is there.

    Attributes:
        path: the file; of a pair, the voxels.
        parents: names of the folders that may say its sequence, nearest first.
        problem: why it cannot be used, in words; empty if nothing is known against it.
    """

    path: Path
    parents: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class ReadImage:
    """An image, what its name says, and what all that is known about it says together."""

    image: FoundImage
    name: NameReading
    reading: Reading


def images_of_study(folder: Path) -> list[FoundImage]:
    """The images that belong to a folder: in it, in BIDS' ``anat``, or in a folder for each sequence.

    Beside images, a folder with an image's name is one that cannot be used, for a sequence may be in it.

    Raises:
        OSError: the folder cannot be listed.
    """
    found = images_in(folder)
    if any(may_be_sequence(image) for image in found):
        return [*found, *_folders_called_images(folder)]
    if os.path.isdir(folder / BIDS_IMAGES):
        found = [*found, *images_in(folder / BIDS_IMAGES)]
    if not any(may_be_sequence(image) for image in found):
        found = [
            *found,
            *(image for below in sequence_folders(folder) for image in _images_of_sequence(below)),
        ]
    return found


def _folders_called_images(folder: Path) -> list[FoundImage]:
    return [
        FoundImage(path, problem="a folder, not a file")
        for path in sorted(folder.iterdir())
        if image_suffix(path.name) and not path.name.startswith(".") and os.path.isdir(path)
    ]


def sequence_folders(folder: Path) -> list[Path]:
    """The folders in a folder that are named by a sequence and hold images of no other one.

    So ``T1`` and ``T2`` that hold whole studies of two time points are none. One that cannot be listed
    counts beside others, for it may hold what is then missing.
    """
    result, closed = [], []
    for below in sorted(folder.iterdir()):
        if below.name.startswith(".") or not os.path.isdir(below):
            continue
        kind = read_name(below.name).kind
        if kind not in SEQUENCES:
            continue
        try:
            said = {read_name(image.path.name).kind for image in images_in(below)}
        except OSError:
            closed.append(below)
            continue
        fits = {kind, "t1", "t1c"} if kind in ("t1", "t1c") else {kind}
        if said & (fits | {"unknown", "channel"}) and not said & (set(SEQUENCES) - fits):
            result.append(below)
    return sorted([*result, *closed]) if result else []


def _images_of_sequence(folder: Path) -> list[FoundImage]:
    try:
        return images_in(folder, (folder.name,))
    except OSError as error:
        return [FoundImage(folder, problem=f"a folder that cannot be read ({error.strerror or error})")]


def images_in(folder: Path, parents: tuple[str, ...] = ()) -> list[FoundImage]:
    """The images in a folder, sorted by name; hidden files are none.

    Files in formats that are not read count where their names say a sequence.

    Raises:
        OSError: the folder cannot be listed.
    """
    found = []
    for path in sorted(folder.iterdir()):
        name = path.name.lower()
        if path.name.startswith(".") or (os.path.isdir(path) and not os.path.islink(path)):
            continue
        if name.endswith(HEADER_SUFFIXES):
            if not _voxels_of(path):
                found.append(FoundImage(path, parents, "a header whose voxels (.img) are not beside it"))
        elif image_suffix(path.name):
            if not os.path.isdir(path):
                found.append(FoundImage(path, parents, _problem(path)))
        elif (
            not name.endswith((*COMPANION_SUFFIXES, *DICOM_SUFFIXES))
            and read_name(path.name).kind in SEQUENCES
        ):
            problem = _problem(path) or f"in a format that is not read ({path.suffix or 'no ending'})"
            found.append(FoundImage(path, parents, problem))
    return found


def read_images(images: Sequence[FoundImage], folder: Path) -> list[ReadImage]:
    """What is said about each of a study's images; only JSON files beside them are opened."""
    names = [image.path.name for image in images]
    common = common_words(names)
    result = []
    for image, said in zip(images, read_names(names, folder.name), strict=True):
        traces = Traces(image.path.name, image.parents, sidecar_facts(image.path), SOURCE)
        result.append(ReadImage(image, said, read_traces(traces, common, said)))
    return result


def may_be_sequence(image: FoundImage) -> bool:
    """Whether an image's own name does not rule out that it is one of the four."""
    return read_name(image.path.name).kind in (*SEQUENCES, "unclear", "channel")


def _voxels_of(header: Path) -> bool:
    ending = next(suffix for suffix in HEADER_SUFFIXES if header.name.lower().endswith(suffix))
    base = header.name[: -len(ending)]
    return any(
        os.path.isfile(header.with_name(base + suffix))
        for pair in PAIR_SUFFIXES
        for suffix in (pair, pair.upper())
    )


def _problem(path: Path) -> str:
    """Why a file cannot be read, as far as can be told without reading it."""
    try:
        facts = path.stat()
    except OSError as error:
        if os.path.islink(path):
            return _dead_link(os.readlink(path), error)
        return f"not to be reached ({error.strerror or error})"
    if not stat.S_ISREG(facts.st_mode):
        return "no plain file"
    if not os.access(path, os.R_OK):
        return "not allowed to be read: check its permissions"
    if 0 < facts.st_size < _POINTER_BYTES and (pointer := _pointer(path)):
        return pointer
    if path.name.lower().endswith(PAIR_SUFFIXES) and header_of(path) is None:
        return f"voxels whose header ({stem(path.name)}.hdr) is not beside them"
    return ""


def _dead_link(target: str, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError):
        return f"a link to {target}, which cannot be reached ({error.strerror or error})"
    annex = "; 'git annex get' fetches it" if "annex/objects" in target else ""
    return f"a link to {target}, which is not there{annex}"


def _pointer(path: Path) -> str:
    try:
        with path.open("rb") as file:
            begin = file.read(64)
    except OSError as error:
        return f"not readable ({error.strerror or error})"
    return next((words for mark, words in _POINTERS if begin.startswith(mark)), "")
