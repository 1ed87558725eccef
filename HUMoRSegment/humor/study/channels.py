"""Sequences told by numbers: volumes of a 4-D file, and nnU-Net's files ``CASE_0000``, ``CASE_0001``.

Data sets number them differently, so the order has to be said: by the user, or by nnU-Net's own
``dataset.json`` in the folder or the one above.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..errors import InputError, UsageError
from ..sequences import SEQUENCES
from .file_names import read_name

OTHER = "other"
"""Stands in the order for a volume that is none of the four sequences."""
_DATASET = "dataset.json"
_LARGEST = 4 * 1024 * 1024  # bytes

Channels = tuple[str, ...]
"""What each number is: a sequence, or ``OTHER``."""


def parse_channels(text: str) -> Channels:
    """The order that a user wrote, such as ``t1,t1c,t2,flair``.

    Raises:
        UsageError: a name is not understood or comes twice, or there is no sequence.
    """
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name not in (*SEQUENCES, OTHER):
            raise UsageError(
                f"{name!r} is no sequence: write {', '.join(SEQUENCES)}, or {OTHER} for any other image."
            )
        if name != OTHER and names.count(name) > 1:
            raise UsageError(f"{name} comes twice in the order of the channels.")
    if set(names) == {OTHER}:
        raise UsageError("The order of the channels names no sequence.")
    return names


@dataclass(frozen=True)
class Channel:
    """A volume of a 4-D file: its number from 0, and how many the file should have."""

    number: int
    count: int


def volume_of(path: Path, shape: Sequence[int], channel: Channel | None) -> tuple[tuple[int, int, int], int]:
    """Lengths of a volume and its number in a file of this shape.

    Args:
        path: for messages.
        shape: of all that the file holds, the volumes last.
        channel: the volume that is wanted; a file with only one is that one, whatever this says.

    Raises:
        InputError: it is no 3-D image, and not as many of them as the order of the channels names.
    """
    if len(shape) < 3:
        raise InputError(f"{path} is {len(shape)}-dimensional; a 3-D image is needed.")
    if min(shape) < 1:
        raise InputError(f"{path} has an axis of length 0. Export it again.")
    lengths = (int(shape[0]), int(shape[1]), int(shape[2]))
    volumes = prod(int(length) for length in shape[3:])
    if volumes == 1:
        return lengths, 0
    holds = f"{path} holds {volumes} volumes (shape {tuple(int(n) for n in shape)})"
    if channel is None:
        raise InputError(
            f"{holds}. If they are sequences, say their order with --channels t1,t1c,t2,flair; else give one "
            "file per sequence, each with its own option."
        )
    if volumes != channel.count:
        raise InputError(
            f"{holds}, but --channels names {channel.count}. Name each of them ('{OTHER}' for any other)."
        )
    return lengths, channel.number


def channels_of_dataset(folder: Path) -> Channels:
    """The order that ``dataset.json`` gives for the images of a folder; empty where there is none."""
    for place in (folder, folder.parent):
        try:
            path = place / _DATASET
            if not os.path.isfile(path) or path.stat().st_size > _LARGEST:
                continue
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(content, dict) and (
            channels := _named(content.get("channel_names") or content.get("modality"))
        ):
            return channels
    return ()


def _named(names: Any) -> Channels:
    """Numbers with names as a tuple in their order; empty where a number or name is not understood."""
    if not isinstance(names, dict) or set(names) != {str(number) for number in range(len(names))}:
        return ()
    kinds = [read_name(str(names[str(number)])).kind for number in range(len(names))]
    channels = tuple(kind if kind in SEQUENCES else OTHER for kind in kinds)
    known = [channel for channel in channels if channel != OTHER]
    understood = all(kind in SEQUENCES or kind in (OTHER, "mask") for kind in kinds)
    return channels if known and understood and len(set(known)) == len(known) else ()
