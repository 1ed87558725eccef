"""What the reader of names makes of a whole folder, however deep; opens no image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..sequences import SEQUENCES
from ..user_input import absence
from .channels import Channels, channels_of_dataset
from .evidence import UNCLEAR
from .folder_images import ReadImage, by_patient, images_in, read_images
from .formats import stem


@dataclass(frozen=True)
class Inspected:
    """One image.

    Attributes:
        file: its path below the folder.
        sequence: ``t1``, ``t1c``, ``t2``, ``flair``, ``other`` (none of them, or derived) or
            ``unclear`` (to be asked about).
        reason: in words; also why it cannot be used.
    """

    file: str
    sequence: str
    reason: str


def inspect_folder(folder: Path, channels: Channels = ()) -> list[Inspected]:
    """All images in and below a folder, by path; hidden ones and links to folders are left out.

    Args:
        folder: of one study, of studies, or of many patients' files.
        channels: what numbers in nnU-Net's manner mean.

    Raises:
        InputError: there is no such folder.
    """
    if not os.path.isdir(folder):
        what = "is a file, not a folder" if os.path.isfile(folder) else absence(folder)
        raise InputError(f"{folder} {what}. Give the folder that holds the images.")
    result = []
    for place in _folders(folder, unreadable := []):
        try:
            images = images_in(place, place.relative_to(folder).parts[::-1])
        except OSError as error:
            unreadable.append((place, error))
            continue
        order = channels or channels_of_dataset(place)
        for group in by_patient(images).values():
            result += [_inspected(item, folder, order) for item in read_images(group, place)]
    result += [
        Inspected(
            f"{place.relative_to(folder)}", UNCLEAR, f"this folder cannot be read ({error.strerror or error})"
        )
        for place, error in unreadable
    ]
    return sorted(result, key=lambda item: item.file)


def _folders(folder: Path, unreadable: list[tuple[Path, OSError]]) -> Iterator[Path]:
    def keep(error: OSError) -> None:
        unreadable.append((Path(error.filename), error))

    for place, below, _files in os.walk(folder, onerror=keep):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield Path(place)


def _inspected(item: ReadImage, folder: Path, order: Channels) -> Inspected:
    kind, reason = item.reading.kind, item.reading.reason
    if item.name.kind == "channel" and kind not in SEQUENCES:
        number = int(stem(item.image.path.name)[-4:])
        kind = order[number] if number < len(order) else UNCLEAR
        reason = item.name.reason
    if kind not in (*SEQUENCES, "other"):
        kind = UNCLEAR
    if item.image.problem:
        reason = f"{reason}; it cannot be used: it is {item.image.problem}"
    return Inspected(str(item.image.path.relative_to(folder)), kind, reason)
