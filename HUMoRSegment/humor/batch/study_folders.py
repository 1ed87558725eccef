"""Which folders below a folder are studies."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import HumorError, UsageError
from ..study.channels import Channels
from ..study.folder_images import BIDS_IMAGES, FoundImage, by_patient, images_of_study, sequence_folders
from ..study.roles import guess_among, guess_roles
from ..user_input import absence
from .state import STATE_FOLDER
from .studies import BatchStudy, without_unfit

# Other data types of BIDS, and folders of a BIDS data set that hold no patients' raw images.
_OTHER_FOLDERS = {
    *("func", "dwi", "fmap", "perf", "eeg", "meg", "ieeg", "pet", "beh", "micr", "nirs", "motion", "mrs"),
    *("derivatives", "sourcedata", "code", "stimuli"),
}


def find_studies(root: Path, output: Path, channels: Channels = ()) -> list[BatchStudy]:
    """The studies below a folder, however deep, sorted by path.

    A study's name is its path below ``root`` with ``_`` between the parts: ``sub-1/ses-2`` is
    ``sub-1_ses-2``. Where a folder holds the files of many patients, told apart by how their names
    begin, that beginning takes the place of the file's name. A folder in ``root`` in which nothing can
    be segmented becomes a study with a problem, so that it is reported and not forgotten; so does a
    study whose files are unclear, or whose name cannot be that of a folder of results.

    Args:
        root: the folder of study folders.
        output: where results go; not searched, and not allowed to be ``root``.
        channels: what the volumes of 4-D files, or files with numbers, are.

    Raises:
        UsageError: no such folder, no study in it, or a single study.
    """
    if not os.path.isdir(root):
        raise UsageError(f"{root} {absence(root)}. Give a folder of study folders, or a CSV file.")
    if _same(root, output):
        raise UsageError(f"{output}: results cannot go into the folder of the studies. Choose another one.")
    top = _place(root)
    images = _images(root) or []
    found = _patients(root, root, images, channels)
    used = _used(root) if found else set()
    for folder in _folders(root, output, top):
        if folder not in used:
            below = _search(folder, root, output, channels, {top})
            found += below or [_study(folder, root, channels)]
    if not any(study.files for study in found) and images:
        raise UsageError(
            f"{root} holds images itself: it is one study, not a folder of studies. Give the folder above "
            "it, or use 'humor segment'."
        )
    if not found:
        raise UsageError(f"{root} holds no folder. Give a folder of study folders, or a CSV file.")
    remedy = "Rename the folder, or list the studies in a CSV file under the names that they should have."
    return without_unfit(found, remedy)


def _search(folder: Path, root: Path, output: Path, channels: Channels, seen: set[Path]) -> list[BatchStudy]:
    """The studies in and below a folder; a folder that can be segmented is not searched further.

    Args:
        folder: a folder.
        root: the folder of study folders.
        output: where results go.
        channels: what the volumes of 4-D files, or files with numbers, are.
        seen: places that were searched, to which this one is added: links lead to each once.
    """
    place = _place(folder)
    if place in seen:
        return []
    seen.add(place)
    images = _images(folder)
    below = _patients(folder, root, images or [], channels)
    study = None
    if images and not below:
        study = _study(folder, root, channels)
        if study.files:
            return [study]
    used = _used(folder) if images else set()
    for child in _folders(folder, output, _place(root)):
        if child.name != BIDS_IMAGES and child not in used:
            below += _search(child, root, output, channels, seen)
    if images is None and not below:
        study = _study(folder, root, channels)  # which says why it cannot be read
    return below or ([study] if study is not None else [])


def _patients(folder: Path, root: Path, images: list[FoundImage], channels: Channels) -> list[BatchStudy]:
    """A study for each of several patients whose files lie in one folder; none where they are of one."""
    groups = by_patient(images, each=bool(channels))
    if len(groups) < 2:
        return []
    above = folder.relative_to(root).parts
    return [
        _named("_".join((*above, name or "without_name")), folder, channels, of_one)
        for name, of_one in groups.items()
    ]


def _used(folder: Path) -> set[Path]:
    """Folders in a folder whose images were taken with it."""
    try:
        return set(sequence_folders(folder))
    except OSError:
        return set()


def _study(folder: Path, root: Path, channels: Channels) -> BatchStudy:
    return _named("_".join(folder.relative_to(root).parts), folder, channels)


def _named(name: str, folder: Path, channels: Channels, images: list[FoundImage] | None = None) -> BatchStudy:
    """A study of all images of a folder, or of those given."""
    try:
        guess = (
            guess_roles(folder, None, channels)
            if images is None
            else guess_among(images, folder, None, channels)
        )
    except (HumorError, OSError, RuntimeError) as error:  # pathlib tells of circles of links so
        # What an option of `humor segment` would settle, a CSV file settles here.
        message = (
            f"{error} In a batch, say so in a CSV file." if isinstance(error, UsageError) else str(error)
        )
        return BatchStudy(name, str(folder), problem=message, problem_type=type(error).__name__)
    return BatchStudy(name, str(folder), guess.files, guess.reasons)


def _folders(folder: Path, output: Path, root: Path) -> list[Path]:
    """The folders in a folder that may hold studies.

    Args:
        folder: a folder.
        output: where results go.
        root: the folder of study folders, resolved: a link to what is found there anyway is left out.
    """
    try:
        children = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in children if _may_hold_studies(path, output, root)]


def _may_hold_studies(path: Path, output: Path, root: Path) -> bool:
    if _is_left_out(path.name) or not os.path.isdir(path) or _same(path, output):
        return False
    if os.path.islink(path):
        place = _place(path)
        if place.is_relative_to(root) and not any(map(_is_left_out, place.relative_to(root).parts)):
            return False
    return not os.path.isdir(path / STATE_FOLDER)


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OTHER_FOLDERS


def _images(folder: Path) -> list[FoundImage] | None:
    """The images that belong to a folder; None where they cannot be listed."""
    try:
        return images_of_study(folder)
    except OSError:
        return None


def _same(one: Path, other: Path) -> bool:
    return _place(one) == _place(other)


def _place(path: Path) -> Path:
    """Where a path leads to; links that lead in a circle lead nowhere."""
    return Path(os.path.realpath(path))
