"""The images of a folder: all that are there, also those that cannot be used, with the reason; by patient.

Which images of a flat folder belong to the same patient and visit is told by how their names begin.
"""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..sequences import SEQUENCES
from .acquisition import SIDECAR, Reading, sidecar_acquisition
from .evidence import Evidence, weigh_evidence
from .file_names import NameReading, common_words, read_name, read_names
from .formats import COMPANION_SUFFIXES, HEADER_SUFFIXES, PAIR_SUFFIXES, header_of, image_suffix, stem
from .name_words import plain, words_in
from .vocabulary import CORES, Meaning

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
_DECISIVE = CORES | {Meaning.MASK, Meaning.OTHER, Meaning.SUBTRACTION, Meaning.LESION, Meaning.FLAIR_SHORT}
# What may stand between a patient's name and the sequence.
_BETWEEN = frozenset(
    {Meaning.ORIENTATION, Meaning.DIMENSION, Meaning.TECHNIQUE, Meaning.VARIABLE_FLIP, Meaning.INVERSION}
    | {Meaning.GRADIENT_ECHO, Meaning.FAT_SATURATION, Meaning.CONTRAST, Meaning.AFTER, Meaning.BEFORE}
    | {Meaning.PLAIN, Meaning.PLUS, Meaning.LESION, Meaning.MAGNETIC}
)
_ANATOMY = frozenset({"brain", "head", "skull", "parenchyma"})
_SERIES = re.compile(r"(s|se|ser|series|scan|im|img)?[-_ ]?\d{1,3}", re.IGNORECASE)
_BIDS_STUDY = re.compile(r"(sub-[^\W_]+(?:_ses-[^\W_]+)?)_.*")
WHOLE = "whole"
"""Kind of a file that may hold all sequences of a study."""
_CHANNEL = re.compile(r"(?P<patient>.+)_\d{4}")


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
        evidence = Evidence(image.path.name, image.parents, sidecar_acquisition(image.path), SIDECAR)
        result.append(ReadImage(image, said, weigh_evidence(evidence, common, said)))
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
        return f"out of reach ({error.strerror or error})"
    if not stat.S_ISREG(facts.st_mode):
        return "not a plain file"
    if not os.access(path, os.R_OK):
        return "not readable: check its permissions"
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


def patient_of(name: str) -> str:
    """The beginning of a file's name that names the patient; empty if there is none."""
    base = stem(name)
    if match := _BIDS_STUDY.fullmatch(base):
        return match[1]
    words = words_in(base)
    cores = [place for place, word in enumerate(words) if word.meaning in CORES]
    others = [place for place, word in enumerate(words) if word.meaning in _DECISIVE]
    decisive = cores or others
    if not decisive:
        match = _CHANNEL.fullmatch(base)
        return match["patient"] if match else ""
    first = decisive[0]
    if not cores and len(others) > 1 and any(letter.isdigit() for w in words[first:] for letter in w.text):
        first = others[-1]  # "TumorSeg_001_mask"
    run = words[first].run
    while first > 0 and (
        words[first - 1].run == run
        or words[first - 1].meaning in _BETWEEN
        or words[first - 1].text in _ANATOMY
    ):
        first -= 1
    text = plain(base)
    text = base if len(base) == len(text) else text
    return text[: words[first].start].rstrip(" _-.+,()[]")


def by_patient(images: Sequence[FoundImage], each: bool = False) -> dict[str, list[FoundImage]]:
    """Images by patient, where they are of several; else all of them under an empty name.

    They are of several where at least two beginnings of names differ, and one of them has several
    sequences, or the same sequence comes again under another one that is no number of a series.

    Args:
        images: of one folder, or of folders named by sequences.
        each: every image without a sequence in its name is a study of its own (4-D files).
    """
    groups: dict[str, list[FoundImage]] = defaultdict(list)
    rest: list[FoundImage] = []
    for image in images:
        kind = _kind(image)
        if kind in ("mask", "other") or (kind == WHOLE and not each):
            rest.append(image)
        elif read_name(image.path.name).kind == "unknown":
            groups[stem(image.path.name)].append(image)
        else:
            groups[patient_of(image.path.name)].append(image)
    if len(groups) < 2 or not ((each and all(map(_is_whole, groups.values()))) or _several(groups)):
        return {"": list(images)}
    for image in rest:
        fitting = [key for key in groups if key and image.path.name.startswith(key)]
        groups[max(fitting, key=len, default=patient_of(image.path.name))].append(image)
    return dict(sorted(groups.items()))


def _is_whole(images: list[FoundImage]) -> bool:
    return any(_kind(image) == WHOLE for image in images)


def _several(groups: dict[str, list[FoundImage]]) -> bool:
    kinds = {key: [_kind(image) for image in images] for key, images in groups.items()}
    rich = {
        key: found for key, found in kinds.items() if any(kind in (*SEQUENCES, "channel") for kind in found)
    }
    if len(rich) < 2:
        return False
    if any(len(set(found) & set(SEQUENCES)) > 1 or found.count("channel") > 1 for found in rich.values()):
        return "" not in rich or len(rich) > 2
    names = [key for key in rich if key and not _SERIES.fullmatch(key)]
    everything = [kind for key in names for kind in set(rich[key])]
    return len(everything) > len(set(everything))


def _kind(image: FoundImage) -> str:
    """By its own name, or by its folder's."""
    kind = read_name(image.path.name).kind
    if kind != "unknown":
        return kind
    return next((k for k in (read_name(name).kind for name in image.parents) if k in SEQUENCES), WHOLE)
