"""Which images of a flat folder belong to the same patient and visit, told by how their names begin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from ..sequences import SEQUENCES
from .file_names import read_name, stem
from .folder_images import FoundImage
from .name_words import plain, words_in
from .vocabulary import CORES, Meaning

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
