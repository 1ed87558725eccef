"""Cases packed once: a cache beside a training, or a folder that travels without the images."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from humor.errors import InputError, UsageError
from humor.hashing import sha256_of_file

from .coding import TOLERANCE
from .labelled_case import FORMAT, SUFFIX, LabelledCase, read_about, write_case
from .labelled_study import LabelledStudy
from .loading import load_labelled
from .packed_case import PackedCase
from .studies import find_studies

INDEX = "packed.json"
"""The list of a packed folder's cases; written last, so a half-packed folder has none."""


def load_packed(
    data: Path, cache: Path, processes: int = 1, unpacked: Path | None = None
) -> list[PackedCase]:
    """All labelled cases of a data set, in the order of their names; arrays are read when they are used.

    Args:
        data: what ``find_studies`` takes, or a packed folder, for which no image is read and nothing written.
        cache: where cases are packed; those that are there are taken, unless their files have changed.
        processes: how many pack at the same time.
        unpacked: where decoded arrays are kept, for a training; see ``PackedCase``.

    Raises:
        InputError: a study or a packed file cannot be used.
    """
    if is_packed(data):
        return [PackedCase(path, unpacked) for path in packed_files(data)]
    files = _pack_all(find_studies(data).studies, cache, processes, lambda line: None)
    return [PackedCase(path, unpacked) for path in files]


def pack(data: Path, output: Path, processes: int = 2, tell: Callable[[str], None] = print) -> list[Path]:
    """Make a packed folder, or bring one up to date; ``load_packed`` takes it in place of the data.

    Args:
        data: what ``find_studies`` takes.
        output: the folder; made where it is not there.
        processes: how many pack at the same time.
        tell: is given a line for each case.

    Returns:
        the files, in the order of the cases' names.

    Raises:
        InputError: a study cannot be used.
        UsageError: data and output are the same folder, or the data are packed already.
    """
    if is_packed(data) or data.resolve() == output.resolve():
        raise UsageError(f"{data} is packed already, or is the folder to pack into. Give the original data.")
    found = find_studies(data)
    output.mkdir(parents=True, exist_ok=True)
    (output / INDEX).unlink(missing_ok=True)
    files = _pack_all(found.studies, output, processes, tell)
    write_index(output, [path.name for path in files], TOLERANCE)
    return files


def write_index(folder: Path, names: Sequence[str], tolerance: float) -> None:
    """The list that makes case files in a folder a packed folder."""
    index = {"format": FORMAT, "tolerance": tolerance, "cases": list(names)}
    staged = folder / f".{INDEX}.partial"
    staged.write_text(json.dumps(index, indent=1), encoding="utf-8")
    os.replace(staged, folder / INDEX)


def is_packed(data: Path) -> bool:
    """Whether a folder was made by ``pack``."""
    return (data / INDEX).is_file()


def packed_files(folder: Path) -> list[Path]:
    """The case files of a packed folder.

    Raises:
        InputError: its list cannot be read, or a file of it is missing.
    """
    index = folder / INDEX
    try:
        files = [folder / Path(name).name for name in json.loads(index.read_text(encoding="utf-8"))["cases"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{index} cannot be read ({error!r}). Copy or pack the folder again.") from error
    if missing := [path.name for path in files if not path.is_file()]:
        raise InputError(
            f"{folder}: {len(missing)} of {len(files)} packed cases are missing ({missing[0]}, ...). Copy "
            "the folder again."
        )
    return files


def _pack_all(
    studies: Iterable[LabelledStudy], folder: Path, processes: int, tell: Callable[[str], None]
) -> list[Path]:
    """Pack what is not packed yet, or not as it is now."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(studies, key=lambda study: study.name)
    work = partial(_pack_one, folder=folder)
    if processes == 1 or len(ordered) == 1:
        return _told(map(work, ordered), tell)
    # Spawned, because forking a process that has threads (torch's) may hang.
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return _told(pool.map(work, ordered), tell)


def _told(files: Iterable[Path], tell: Callable[[str], None]) -> list[Path]:
    done = []
    for path in files:
        done.append(path)
        tell(f"{path.name.removesuffix(SUFFIX)}: {path.stat().st_size / 1e6:.2f} MB")
    return done


def _pack_one(study: LabelledStudy, folder: Path) -> Path:
    path = folder / f"{study.name}{SUFFIX}"
    key = _key(study)
    if not path.exists() or _stored_key(path) != key:
        case = load_labelled(study)
        write_case(path, case, {"key": key, "sha256": _hashes(study)})
    return path


def _key(study: LabelledStudy) -> dict[str, Any]:
    """What a packed file must have been made from to be taken.

    File names without folders: they travel, and folders may tell more than they should.
    """
    files: dict[str, Any] = {name: [*_stamp(file.path), file.channel] for name, file in study.files.items()}
    values = study.label_values
    return {
        "tolerance": TOLERANCE,
        "patient": study.patient,
        "files": files,
        "label": _stamp(study.label),
        "label_values": None if values is None else [[a, b] for a, b in sorted(values.items())],
    }


def _stamp(path: Path) -> list[Any]:
    """Name, size and time of change.

    Raises:
        InputError: it is missing.
    """
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Check its path.") from error
    return [path.name, facts.st_size, facts.st_mtime_ns]


def _stored_key(path: Path) -> Any:
    """``None`` for a file that cannot be used: it is made anew."""
    try:
        return read_about(path)["origin"]["key"]
    except InputError:
        return None


def _hashes(study: LabelledStudy) -> dict[str, str]:
    sources: Sequence[Path] = sorted({file.path for file in study.files.values()} | {study.label})
    return {path.name: sha256_of_file(path) for path in sources}


TOLERANCES = (TOLERANCE, 0.09, 0.12, 0.15)
"""Largest errors of the intensities in standard deviations, the usual one first. Mean size of a case at each:
1.40, 1.24, 1.12 and 1.04 MB; the noise of the scans is larger than all of them."""


def pack_within(cases: Sequence[LabelledCase], folder: Path, max_bytes: int) -> tuple[float, int]:
    """Write a packed folder of cases with the finest of ``TOLERANCES`` that fits.

    What cases lost when they were packed before comes on top of the tolerance.

    Returns:
        the tolerance, and the bytes; more than ``max_bytes`` where even the coarsest is too large.

    Raises:
        OSError: the folder cannot be written.
    """
    for tolerance in TOLERANCES:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        size, names = 0, []
        for case in cases:
            path = folder / f"{case.name}{SUFFIX}"
            write_case(path, case, {}, tolerance)
            size += path.stat().st_size
            names.append(path.name)
            if size > max_bytes and tolerance != TOLERANCES[-1]:
                break
        else:
            write_index(folder, names, tolerance)
            return tolerance, size
    raise AssertionError("the last tolerance is always kept")


def copy_label_maps(source: Path, names: Iterable[str], output: Path) -> None:
    """Those patients of a file of label maps that are named, as a file of the same kind."""
    with np.load(source, allow_pickle=False) as file:
        arrays = dict(file)
    kept = np.isin(arrays["ids"].astype(str), list(names))
    arrays |= {"seg": arrays["seg"][kept], "ids": arrays["ids"][kept]}
    np.savez_compressed(output, **arrays)
