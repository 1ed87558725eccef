"""Which folders below a folder are studies."""

from __future__ import annotations

from pathlib import Path

from ..errors import HumorError, UsageError
from ..study.reading import is_image_file
from ..study.roles import guess_roles
from .names import STATE_FOLDER
from .study import BatchStudy, check_ids

IMAGES_BELOW = "anat"
"""Where BIDS keeps a session's images."""
# Other data types of BIDS, and folders of a BIDS data set that hold no patients' raw images.
_OTHER_FOLDERS = {
    *("func", "dwi", "fmap", "perf", "eeg", "meg", "ieeg", "pet", "beh", "micr", "nirs", "motion", "mrs"),
    *("derivatives", "sourcedata", "code", "stimuli"),
}


def find_studies(root: Path, output: Path) -> list[BatchStudy]:
    """The studies below a folder, however deep, sorted by path.

    A study's name is its path below ``root`` with ``_`` between the parts: ``sub-1/ses-2`` is
    ``sub-1_ses-2``. A folder in ``root`` in which nothing can be segmented becomes a study with a
    problem, so that it is reported and not forgotten; so does a study whose files are unclear.

    Args:
        root: the folder of study folders.
        output: where results go; not searched, and not allowed to be ``root``.

    Raises:
        UsageError: no such folder, no study in it, a single study, or names that clash.
    """
    if not root.is_dir():
        raise UsageError(f"{root} does not exist. Give a folder of study folders, or a CSV file.")
    if _same(root, output):
        raise UsageError(f"{output}: results cannot go into the folder of the studies. Choose another one.")
    found: list[BatchStudy] = []
    for folder in _folders(root, output):
        below = _search(folder, root, output, {root.resolve()})
        found += below or [_study(folder, root)]
    if not any(study.files for study in found) and _images(root):
        raise UsageError(
            f"{root} holds images itself: it is one study, not a folder of studies. Give the folder above "
            "it, or use 'humor segment'."
        )
    if not found:
        raise UsageError(f"{root} holds no folder. Give a folder of study folders, or a CSV file.")
    remedy = "Rename the folders, or list the studies in a CSV file with the names they shall have."
    check_ids(found, remedy)
    return found


def _search(folder: Path, root: Path, output: Path, above: set[Path]) -> list[BatchStudy]:
    """The studies in and below a folder; a folder that can be segmented is not searched further."""
    place = folder.resolve()
    if place in above:  # a link that leads back up
        return []
    study = _study(folder, root) if _images(folder) or _images(folder / IMAGES_BELOW) else None
    if study is not None and study.files:
        return [study]
    below: list[BatchStudy] = []
    for child in _folders(folder, output):
        if child.name != IMAGES_BELOW:
            below += _search(child, root, output, above | {place})
    return below or ([study] if study is not None else [])


def _study(folder: Path, root: Path) -> BatchStudy:
    name = "_".join(folder.relative_to(root).parts)
    try:
        guess = guess_roles(folder)
    except (HumorError, OSError) as error:
        # What an option of `humor segment` would settle, a CSV file settles here.
        message = f"{error} In a batch a CSV file says so." if isinstance(error, UsageError) else str(error)
        return BatchStudy(name, str(folder), problem=message, problem_type=type(error).__name__)
    return BatchStudy(name, str(folder), guess.files, guess.reasons)


def _folders(folder: Path, output: Path) -> list[Path]:
    """The folders in a folder that may hold studies."""
    try:
        children = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []
    return [
        path
        for path in children
        if not path.name.startswith(".")
        and path.name.lower() not in _OTHER_FOLDERS
        and not _same(path, output)
        and not (path / STATE_FOLDER).is_dir()
    ]


def _images(folder: Path) -> bool:
    try:
        return any(is_image_file(path) for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return False


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
