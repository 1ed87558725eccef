"""A study: a patient's sequences at one time point, each on its own grid."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from ..errors import InputError, UsageError
from ..sequences import DISPLAY_NAMES, SEQUENCES
from ..warnings import RunWarning
from .channels import Channel, Channels
from .reading import read_volume
from .source import Sources
from .volume import Volume

LOADING_THREADS = 2
_SAMPLE_STEP = 997  # a prime, so that the sample walks through all rows and slices


@dataclass(frozen=True)
class Study:
    """Loaded sequences.

    Attributes:
        volumes: sequence → its volume, in sequence order.
        warnings: for the user.
    """

    volumes: dict[str, Volume]
    warnings: list[RunWarning] = field(default_factory=list)

    def sources(self) -> dict[str, Sources]:
        """Sequence → the files that were read for it."""
        return {name: volume.sources for name, volume in self.volumes.items()}


def load_study(files: Mapping[str, Path | str], channels: Channels = ()) -> Study:
    """Read all files of a study, in threads.

    Args:
        files: sequence (``t1``, ``t1c``, ``t2``, ``flair``) → its file; at least one.
        channels: what the volumes of a 4-D file are, in their order; then one file may be several
            sequences.

    Raises:
        UsageError: no file, or a name that is not a sequence.
        InputError: a file cannot be segmented, or one image is given as two sequences.
    """
    unknown = sorted(set(files) - set(SEQUENCES))
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: not a sequence. The sequences are {', '.join(SEQUENCES)}.")
    names = [name for name in SEQUENCES if name in files]
    if not names:
        raise UsageError("No sequence was given. Give a folder, or at least one of --t1 --t1c --t2 --flair.")
    paths = {name: Path(files[name]) for name in names}
    if not channels:
        _refuse_same_file(paths)
    wanted = [Channel(channels.index(name), len(channels)) if name in channels else None for name in names]
    with ThreadPoolExecutor(LOADING_THREADS) as pool:
        volumes = dict(zip(names, pool.map(read_volume, paths.values(), wanted), strict=True))
    _refuse_same_content(volumes)
    return Study(volumes, [warning for volume in volumes.values() for warning in volume.warnings])


def _refuse_same_file(paths: dict[str, Path]) -> None:
    for (first, path), (second, other) in combinations(paths.items(), 2):
        if os.path.realpath(path) == os.path.realpath(other) or (
            os.path.exists(path) and os.path.exists(other) and path.samefile(other)
        ):
            raise InputError(
                f"{path} was given both as {DISPLAY_NAMES[first]} and as {DISPLAY_NAMES[second]}. "
                "Give each sequence its own file, and leave out what the patient does not have."
            )


def _refuse_same_content(volumes: dict[str, Volume]) -> None:
    for (first, volume), (second, other) in combinations(volumes.items(), 2):
        if _same_values(volume, other):
            raise InputError(
                f"{volume.path} ({DISPLAY_NAMES[first]}) and {other.path} ({DISPLAY_NAMES[second]}) hold the "
                "same image: one sequence was given twice. Leave one of them out."
            )


def _same_values(volume: Volume, other: Volume) -> bool:
    """Whether two images agree in every voxel; almost always decided by a sparse sample."""
    if volume.data.shape != other.data.shape:
        return False
    one, two = volume.data.ravel(order="F"), other.data.ravel(order="F")  # views: all readers give F order
    for step in (_SAMPLE_STEP, 1):
        first = one[::step] * np.float64(volume.slope) + volume.inter  # 32 bits may be too few
        second = two[::step] * np.float64(other.slope) + other.inter
        if not np.allclose(first, second, rtol=1e-5, atol=0):
            return False
    return True
