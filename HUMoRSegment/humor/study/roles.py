"""Which file of a folder is which sequence, guessed from file names, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, UsageError
from ..sequences import DISPLAY_NAMES, SEQUENCES
from .file_names import NameReading, read_name, words_of
from .reading import IMAGE_SUFFIXES, is_image_file

LONGEST_LIST = 6  # file names shown in a message


@dataclass(frozen=True)
class RoleGuess:
    """Files by sequence.

    Attributes:
        files: sequence → file, in sequence order; only sequences that were found.
        reasons: sequence → why, in words.
        ignored: image files that were not taken.
        ignored_reasons: why not, in words, in the same order.
    """

    files: dict[str, Path]
    reasons: dict[str, str]
    ignored: list[Path] = field(default_factory=list)
    ignored_reasons: list[str] = field(default_factory=list)


def guess_roles(folder: Path | str, chosen: Mapping[str, Path | str] | None = None) -> RoleGuess:
    """Guess the sequences of a study folder from file names; never from masks or label maps.

    Args:
        folder: holds the study's images (not looked for in folders below, except ``anat``).
        chosen: sequence → file that the user named; these are not guessed.

    Raises:
        InputError: the folder is missing, or holds no image or no sequence.
        UsageError: several files fit one sequence, or names do not tell; says how to choose.
    """
    folder = Path(folder)
    chosen_files = {name: Path(path) for name, path in (chosen or {}).items()}
    images = _images(folder)
    taken = {path.resolve() for path in chosen_files.values()}
    candidates = [path for path in images if path.resolve() not in taken]
    words = [words_of(path.name) for path in images]
    common = frozenset.intersection(*words) if len(words) > 1 else frozenset()
    readings = {path: read_name(path.name, common) for path in candidates}
    files, reasons = dict(chosen_files), {name: "chosen by the user" for name in chosen_files}
    for name in SEQUENCES:
        fitting = [path for path in candidates if readings[path].kind == name]
        if name in chosen_files or not fitting:
            continue
        if len(fitting) > 1:
            raise UsageError(
                f"{folder}: {len(fitting)} files could be {DISPLAY_NAMES[name]}: {_listed(fitting)}. "
                f"Say which with --{name} FILE, or give a folder with one study only."
            )
        if readings[fitting[0]].by_contrast:
            raise UsageError(_common_contrast(folder, fitting[0]))
        files[name], reasons[name] = fitting[0], f"{readings[fitting[0]].reason}"
    _refuse_untold(folder, files, readings)
    ignored = [path for path in candidates if path not in files.values()]
    ordered = {name: files[name] for name in SEQUENCES if name in files}
    why = [_why_ignored(readings[path]) for path in ignored]
    return RoleGuess(ordered, {name: reasons[name] for name in ordered}, ignored, why)


def _images(folder: Path) -> list[Path]:
    if folder.is_file():
        raise InputError(f"{folder} is a file, not a study folder. Give it as --t1, --t1c, --t2 or --flair.")
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist. Check the path of the study folder.")
    for place in (folder, folder / "anat"):  # BIDS keeps its images in "anat"
        if place.is_dir():
            files = sorted(p for p in place.iterdir() if p.is_file() and not p.name.startswith("."))
            images = [path for path in files if is_image_file(path)]
            if images:
                return images
    if any(p.suffix.lower() in (".dcm", ".ima") for p in folder.iterdir()):
        raise InputError(
            f"{folder} holds DICOM files. Convert the series to NIfTI first (dcm2niix, or 3D Slicer), "
            "or load them in 3D Slicer and segment there."
        )
    endings = ", ".join(IMAGE_SUFFIXES)
    raise InputError(f"{folder} holds no image ({endings}). Check the path of the study folder.")


def _refuse_untold(folder: Path, files: Mapping[str, Path], readings: Mapping[Path, NameReading]) -> None:
    """Stop where a file might be a sequence that is still missing, and its name does not tell."""
    options = " ".join(f"--{name} FILE" for name in SEQUENCES)
    unclear = [path for path, reading in readings.items() if reading.kind == "unclear"]
    if unclear and len(files) < len(SEQUENCES):
        raise UsageError(
            f"{folder}: it is not clear which sequence {_listed(unclear)} is: "
            f"{readings[unclear[0]].reason}. Say so with {options}."
        )
    if files:
        return
    channels = [path for path, reading in readings.items() if reading.kind == "channel"]
    if channels:
        raise UsageError(
            f"{folder}: {_listed(channels)} are numbered channels as nnU-Net names them, and data sets "
            "number them differently (BraTS: T1, T1c, T2, FLAIR; Medical Segmentation Decathlon: FLAIR, "
            "T1, T1c, T2). "
            f"Say which is which with {options}."
        )
    raise InputError(
        f"{folder}: no file name tells its sequence: {_listed(list(readings))}. "
        f"Say which is which with {options}."
    )


def _common_contrast(folder: Path, path: Path) -> str:
    return (
        f"{folder}: is {path.name} T1 or T1c? The word that speaks of contrast agent stands in the names "
        "of all files. Say so with --t1 FILE or --t1c FILE."
    )


def _why_ignored(reading: NameReading) -> str:
    return "another file was chosen for this sequence" if reading.kind in SEQUENCES else reading.reason


def _listed(paths: list[Path]) -> str:
    names = ", ".join(path.name for path in paths[:LONGEST_LIST])
    return names + (f" and {len(paths) - LONGEST_LIST} more" if len(paths) > LONGEST_LIST else "")
