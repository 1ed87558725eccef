"""Which image of a study is which sequence, with a reason for each file that is there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, UsageError
from ..sequences import DISPLAY_NAMES, SEQUENCES
from ..user_input import absence
from .channels import Channels, channels_of_dataset
from .evidence import UNCLEAR
from .folder_images import DICOM_SUFFIXES, FoundImage, ReadImage, by_patient, images_of_study, read_images
from .formats import IMAGE_SUFFIXES, stem

LONGEST_LIST = 6  # file names shown in a message
_OPTIONS = " ".join(f"--{name} FILE" for name in SEQUENCES)


@dataclass(frozen=True)
class RoleGuess:
    """Files by sequence.

    Attributes:
        files: sequence → file, in sequence order; only sequences that were found. With channels
            one file may be several sequences.
        reasons: sequence → why, in words.
        ignored: image files that were not taken.
        ignored_reasons: why not, in words, in the same order.
    """

    files: dict[str, Path]
    reasons: dict[str, str]
    ignored: list[Path] = field(default_factory=list)
    ignored_reasons: list[str] = field(default_factory=list)


def guess_roles(
    folder: Path | str, chosen: Mapping[str, Path | str] | None = None, channels: Channels = ()
) -> RoleGuess:
    """Tell the sequences of a study folder by names and by what lies beside the images; opens no image.

    Args:
        folder: holds the study's images, itself, in ``anat``, or in a folder for each sequence; with
            channels also a file that holds all of them.
        chosen: sequence → file that the user named; these are not guessed.
        channels: what the volumes of a 4-D file, or files with numbers, are.

    Raises:
        InputError: the folder is missing, holds no image or no sequence, or a sequence that is
            there cannot be used.
        UsageError: several files fit one sequence, or names do not tell; says how to choose.
    """
    folder = Path(folder)
    if os.path.isfile(folder) and channels:
        return _whole(folder, {}, channels)
    images = _images(folder)
    if not chosen:
        _refuse_several_patients(images, folder, channels)
    return guess_among(images, folder, chosen, channels)


def guess_among(
    images: Sequence[FoundImage],
    folder: Path,
    chosen: Mapping[str, Path | str] | None = None,
    channels: Channels = (),
) -> RoleGuess:
    """The same for images that were found before, such as those of one patient in a flat folder.

    Args:
        images: all that may belong to the study.
        folder: where they are, for messages.
        chosen: see ``guess_roles``.
        channels: see ``guess_roles``.

    Raises:
        InputError, UsageError: see ``guess_roles``.
    """
    named = {name: Path(path) for name, path in (chosen or {}).items()}
    taken = {os.path.realpath(path) for path in named.values()}
    read = read_images(images, folder)
    left = [item for item in read if os.path.realpath(item.image.path) not in taken]
    if numbers := _by_number(left, folder, channels):
        files = {name: numbers[name].image for name in numbers if name not in named}
        _refuse_unusable({name: [image] for name, image in files.items()}, named, folder)
        order = "its number, in the order that was given" if channels else "its number in dataset.json"
        reasons = dict.fromkeys(files, order)
    elif channels and (whole := _one_left(left)):
        return _whole(whole, named, channels)
    else:
        found = _by_reading(left, named, folder)
        files = {name: item.image for name, item in found.items()}
        reasons = {name: item.reading.reason for name, item in found.items()}
    paths = named | {name: image.path for name, image in files.items()}
    _refuse_untold(folder, paths, left)
    why = {name: "chosen by the user" for name in named} | reasons
    ignored = [item for item in left if item.image.path not in paths.values()]
    ordered = {name: paths[name] for name in SEQUENCES if name in paths}
    return RoleGuess(
        ordered,
        {name: why[name] for name in ordered},
        [item.image.path for item in ignored],
        [_why_ignored(item) for item in ignored],
    )


def _images(folder: Path) -> list[FoundImage]:
    if os.path.isfile(folder):
        raise InputError(
            f"{folder} is a file, not a study folder. Give it as --t1, --t1c, --t2 or --flair; if it holds "
            "several sequences (4-D), say their order with --channels t1,t1c,t2,flair."
        )
    if not os.path.isdir(folder):
        raise InputError(f"{folder} {absence(folder)}. Check the path of the study folder.")
    try:
        images = images_of_study(folder)
        names = [path.name.lower() for path in folder.iterdir()]
    except OSError as error:
        raise InputError(
            f"{error.filename or folder} cannot be read ({error.strerror or error}). Check its permissions."
        ) from error
    if images:
        return images
    if any(name.endswith(DICOM_SUFFIXES) for name in names):
        raise InputError(
            f"{folder} holds DICOM files. Convert the series to NIfTI first (dcm2niix, or 3D Slicer), "
            "or load them in 3D Slicer and segment there."
        )
    endings = ", ".join(IMAGE_SUFFIXES)
    raise InputError(f"{folder} holds no image ({endings}). Check the path of the study folder.")


def _refuse_several_patients(images: Sequence[FoundImage], folder: Path, channels: Channels) -> None:
    """Stop where names begin with numbers of different patients: their images together are no study."""
    patients = list(by_patient(images, each=bool(channels)))
    if len(patients) > 1 and all(any(letter.isdigit() for letter in name) for name in patients):
        more = " and more" if len(patients) > LONGEST_LIST else ""
        shown = ", ".join(patients[:LONGEST_LIST]) + more
        raise UsageError(
            f"{folder} seems to hold files of several patients ({shown}). Use 'humor batch' for all of them, "
            f"or give the files of one with {_OPTIONS}."
        )


def _by_reading(items: Sequence[ReadImage], named: Mapping[str, Path], folder: Path) -> dict[str, ReadImage]:
    """The one image that is each sequence; those that cannot be used count only where nothing else fits."""
    fitting = {
        name: [item for item in items if item.reading.kind == name] for name in SEQUENCES if name not in named
    }
    _refuse_unusable({name: [item.image for item in found] for name, found in fitting.items()}, named, folder)
    result = {}
    for name, found in fitting.items():
        usable = [item for item in found if not item.image.problem]
        if len(usable) > 1:
            listed = _listed([item.image.path for item in usable])
            raise UsageError(
                f"{folder}: {len(usable)} files could be {DISPLAY_NAMES[name]}: {listed}. Say which with "
                f"--{name} FILE, or give a folder with one study only ('humor batch' takes many)."
            )
        if usable:
            result[name] = usable[0]
    return result


def _refuse_unusable(
    fitting: Mapping[str, Sequence[FoundImage]], named: Mapping[str, Path], folder: Path
) -> None:
    """Stop where a sequence is there but cannot be used: without it the result would be another one."""
    lost = [
        f"{found[0].path.name} says that it is {DISPLAY_NAMES[name]}, but it is {found[0].problem}"
        for name, found in fitting.items()
        if name not in named and found and all(image.problem for image in found)
    ]
    if lost:
        raise InputError(
            f"{folder}: {'; '.join(lost)}. Put the image there; or, to go on without it, give the other "
            f"files with {_OPTIONS} and no folder."
        )


def _by_number(items: Sequence[ReadImage], folder: Path, channels: Channels) -> dict[str, ReadImage]:
    """The images that are told by their numbers; empty if there are none, or nothing gives their order."""
    numbered = [item for item in items if item.name.kind == "channel"]
    if not numbered or any(item.reading.kind in SEQUENCES for item in items):
        return {}
    order = channels or channels_of_dataset(numbered[0].image.path.parent)
    if not order:
        return {}
    if len({_without_number(item) for item in numbered}) > 1:
        raise UsageError(
            f"{folder}: {_listed([item.image.path for item in numbered])} are of several studies. Give a "
            "folder with one study only, or use 'humor batch'."
        )
    result = {}
    for item in numbered:
        number = int(stem(item.image.path.name)[-4:])
        if number >= len(order):
            raise UsageError(
                f"{folder}: {item.image.path.name} has the number {number}, but the order of the channels "
                f"({','.join(order)}) ends with {len(order) - 1}. Correct --channels."
            )
        if order[number] in SEQUENCES:
            result[order[number]] = item
    return {name: result[name] for name in SEQUENCES if name in result}


def _without_number(item: ReadImage) -> str:
    return stem(item.image.path.name)[:-4]


def _one_left(items: Sequence[ReadImage]) -> Path | None:
    """The only image that is neither a mask nor derived, so that it may hold all sequences."""
    possible = [item.image for item in items if item.reading.kind != "other"]
    return possible[0].path if len(possible) == 1 and not possible[0].problem else None


def _whole(path: Path, named: Mapping[str, Path], channels: Channels) -> RoleGuess:
    """All sequences in one file."""
    files = {name: named.get(name, path) for name in SEQUENCES if name in channels or name in named}
    reasons = {
        name: "chosen by the user"
        if name in named
        else f"volume {channels.index(name) + 1} of {len(channels)}"
        for name in files
    }
    return RoleGuess(files, reasons)


def _refuse_untold(folder: Path, files: Mapping[str, Path], items: Sequence[ReadImage]) -> None:
    """Stop where a file might be a sequence that is still missing, and its name does not tell."""
    unclear = [
        item for item in items if item.reading.kind == UNCLEAR and item.image.path not in files.values()
    ]
    if unclear and len(files) < len(SEQUENCES):
        raise UsageError(
            f"{folder}: it is not clear which sequence {_listed([item.image.path for item in unclear])} is: "
            f"{unclear[0].reading.reason}. Say so with {_OPTIONS}."
        )
    if files:
        return
    numbered = [item.image.path for item in items if item.name.kind == "channel"]
    if numbered:
        raise UsageError(
            f"{folder}: {_listed(numbered)} are numbered channels as nnU-Net names them, and data sets "
            "number them differently (BraTS: T1, T1c, T2, FLAIR; Medical Segmentation Decathlon: FLAIR, "
            "T1, T1c, T2). Say their order with --channels t1,t1c,t2,flair, or which is which with "
            f"{_OPTIONS}."
        )
    raise InputError(
        f"{folder}: no file name tells its sequence: {_listed([item.image.path for item in items])}. "
        f"Say which is which with {_OPTIONS}; if one file holds several (4-D), say their order with "
        "--channels t1,t1c,t2,flair."
    )


def _why_ignored(item: ReadImage) -> str:
    why = (
        "another file was chosen for this sequence" if item.reading.kind in SEQUENCES else item.reading.reason
    )
    return f"{why}; it is {item.image.problem}" if item.image.problem else why


def _listed(paths: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in paths[:LONGEST_LIST])
    return names + (f" and {len(paths) - LONGEST_LIST} more" if len(paths) > LONGEST_LIST else "")
