"""Our own layout: a folder per patient, files named by sequence."""

from __future__ import annotations

from pathlib import Path

from humor.sequences import SEQUENCES

from ..patients import patient_of
from ..study import Found, SequenceFile, Study

NAME = "plain"
EXAMPLE = "PATIENT/t1.nii.gz, t1c, t2, flair (any may be missing), PATIENT/seg.nii.gz"
LABEL_FILE = "seg.nii.gz"


def study_files(folder: Path) -> dict[str, Path]:
    """Sequence → file of a study folder that names them ``t1.nii.gz`` and so on."""
    found = {name: folder / f"{name}.nii.gz" for name in SEQUENCES}
    return {name: path for name, path in found.items() if path.exists()}


def study_in(folder: Path) -> Study:
    """The study of one folder that holds a label map."""
    files = {name: SequenceFile(path) for name, path in study_files(folder).items()}
    return Study(folder.name, patient_of(folder.name), files, folder / LABEL_FILE)


def find(folder: Path) -> Found | None:
    """Folders with a label map, also those without any sequence, so that checks can name them."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    labelled = [path for path in folders if (path / LABEL_FILE).exists()]
    bare = [path.name for path in folders if path not in labelled and study_files(path)]
    if not labelled and not bare:
        return None
    return Found(NAME, tuple(study_in(path) for path in labelled), tuple(bare))
