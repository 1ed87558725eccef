"""``dataset.json`` of the Medical Segmentation Decathlon and of nnU-Net (versions 1 and 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humor.errors import InputError
from humor.regions import ED, ET, NCR
from humor.sequences import SEQUENCES
from humor.study.file_names import read_name
from humor.study.formats import stem

from ..labelled_study import FoundStudies, LabelledStudy, Layout, SequenceFile, patient_of

DATASET = "dataset.json"
IMAGES, LABELS = "imagesTr", "labelsTr"

_WHOLE, _CORE = "whole", "core"
# The first pattern found in a name decides, so "necrotic and non-enhancing tumour core" is NCR.
_MEANINGS: tuple[tuple[re.Pattern[str], int | str], ...] = (
    (re.compile(r"background|ignore|resection|cavity|\brc\b"), 0),
    (re.compile(r"necro|non-?_? ?enh|\bncr\b|\bnet\b|\bnetc\b|\bnec\b"), NCR),
    (re.compile(r"whole|\bwt\b"), _WHOLE),
    (re.compile(r"core|\btc\b"), _CORE),
    (re.compile(r"o?edema|\bed\b|snfh"), ED),
    (re.compile(r"enh|\bet\b|\bat\b"), ET),
)


@dataclass(frozen=True)
class Dataset:
    """What ``dataset.json`` says.

    Attributes:
        channels: channel → sequence, without those that are none of the four.
        label_values: stored value → BraTS label.
        ending: of the image files.
    """

    channels: dict[int, str]
    label_values: dict[int, int]
    ending: str


def read_dataset(folder: Path) -> Dataset:
    """Read ``dataset.json``.

    Raises:
        InputError: it cannot be read, or a channel's or a label's name is not understood.
    """
    path = folder / DATASET
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        channels = content.get("channel_names") or content["modality"]
        labels = content["labels"]
        return Dataset(
            _channels(path, channels), _label_values(path, labels), content.get("file_ending", ".nii.gz")
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be understood ({error!r}). It needs channel_names (or modality) and labels."
        ) from error


def _channels(path: Path, names: Mapping[str, str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for channel, name in names.items():
        kind = read_name(name).kind
        if kind in found.values():
            raise InputError(f"{path}: two channels are named as {kind}. Correct the names of the channels.")
        if kind in SEQUENCES:
            found[int(channel)] = kind
        elif kind != "other":  # a diffusion or perfusion map is left out; a name without meaning is not
            raise InputError(
                f"{path}: channel {channel} is called {name!r}, which tells no sequence. Write T1, T1c, T2 "
                "or FLAIR there, in the order of the files."
            )
    return found


def _label_values(path: Path, labels: Mapping[str, Any]) -> dict[int, int]:
    """Names to values, as in nnU-Net 2, or values to names, as in version 1 and the Decathlon."""
    meant: dict[int | str, list[int]] = {}
    for key, value in labels.items():
        name, values = (value, key) if isinstance(value, str) else (key, value)
        numbers = [int(n) for n in values] if isinstance(values, list) else [int(values)]
        meant.setdefault(_meaning(path, name), []).extend(numbers)
    # Regions hold each other, so the inner ones decide last.
    result = {value: ED for value in meant.get(_WHOLE, [])} | {value: NCR for value in meant.get(_CORE, [])}
    for label in (0, NCR, ED, ET):
        result |= _all_to(meant.get(label, []), label)
    return {value: label for value, label in sorted(result.items()) if value != 0}


def _all_to(values: Iterable[int], label: int) -> dict[int, int]:
    return {value: label for value in values}


def _meaning(path: Path, name: str) -> int | str:
    text = name.lower().replace("_", " ")
    for pattern, meaning in _MEANINGS:
        if pattern.search(text):
            return meaning
    raise InputError(
        f"{path}: the label {name!r} is not understood. Call the labels edema, non-enhancing tumor and "
        "enhancing tumor, or whole tumor, tumor core and enhancing tumor for regions."
    )


def _find_decathlon(folder: Path) -> FoundStudies | None:
    """Every channel of a file is a sequence (Antonelli et al. 2022, Nat Commun 13:4128)."""
    if not (folder / DATASET).is_file() or not (folder / IMAGES).is_dir():
        return None
    images = sorted(
        path for path in (folder / IMAGES).glob("*.nii*") if not path.name.startswith(".")
    )  # the published archive has "._" files of macOS
    if not images or any(read_name(path.name).kind == "channel" for path in images):
        return None
    dataset = read_dataset(folder)
    channels = {sequence: channel for channel, sequence in dataset.channels.items()}
    studies, unlabelled = [], []
    for image in images:
        name, label = stem(image.name), folder / LABELS / image.name
        if label.is_file():
            files = {key: SequenceFile(image, channels[key]) for key in SEQUENCES if key in channels}
            studies.append(LabelledStudy(name, patient_of(name), files, label, dataset.label_values))
        else:
            unlabelled.append(name)
    return FoundStudies(DECATHLON.name, tuple(studies), tuple(unlabelled))


_NUMBERED = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})(?P<ending>\.[a-z.]+)")


def _find_nnunet(folder: Path) -> FoundStudies | None:
    """Cases of the training part; channels that a case lacks are missing sequences."""
    if not (folder / DATASET).is_file() or not (folder / IMAGES).is_dir():
        return None
    numbered = [match for path in (folder / IMAGES).iterdir() if (match := _NUMBERED.fullmatch(path.name))]
    if not numbered:
        return None
    dataset = read_dataset(folder)
    files: dict[str, dict[str, SequenceFile]] = {}
    for match in numbered:
        sequence = dataset.channels.get(int(match["channel"]))
        if sequence and match["ending"] == dataset.ending and not match["case"].startswith("."):
            of_case = files.setdefault(match["case"], {})
            of_case[sequence] = SequenceFile(folder / IMAGES / match.string)
    studies, unlabelled = [], []
    for case, found in sorted(files.items()):
        label = folder / LABELS / f"{case}{dataset.ending}"
        if label.is_file():
            ordered = {key: found[key] for key in SEQUENCES if key in found}
            studies.append(LabelledStudy(case, patient_of(case), ordered, label, dataset.label_values))
        else:
            unlabelled.append(case)
    return FoundStudies(NNUNET.name, tuple(studies), tuple(unlabelled))


DECATHLON = Layout(
    "decathlon",
    f"{IMAGES}/CASE.nii.gz with four channels, {LABELS}/CASE.nii.gz, {DATASET}",
    _find_decathlon,
)
NNUNET = Layout(
    "nnunet",
    f"{IMAGES}/CASE_0000.nii.gz, CASE_0001, ..., {LABELS}/CASE.nii.gz, {DATASET}",
    _find_nnunet,
)
