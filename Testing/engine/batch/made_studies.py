"""Small studies for batches: pieces of the sample study with the tumour inside, each a little different."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import nibabel
import numpy as np

from humor.sequences import SEQUENCES

SAMPLE = Path(__file__).resolve().parents[3] / "HUMoRSegment" / "Resources" / "Sample"
EDGE = 48


@cache
def _pieces() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A box of the sample around its tumour, with a margin for shifts; and its affine."""
    truth = nibabel.load(SAMPLE / "truth.nii.gz")
    centre = np.argwhere(np.asarray(truth.dataobj) > 0).mean(axis=0).astype(int)
    begin = centre - EDGE // 2 - 4
    box = tuple(slice(at, at + EDGE + 8) for at in begin)
    images = {name: np.asarray(nibabel.load(SAMPLE / f"{name}.nii.gz").dataobj)[box] for name in SEQUENCES}
    affine = truth.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ begin
    return images, affine


def make_study(folder: Path, number: int = 0, sequences: Sequence[str] = SEQUENCES) -> Path:
    """Write a study that is segmented in a fraction of a second; another one for every number."""
    folder.mkdir(parents=True, exist_ok=True)
    images, affine = _pieces()
    random = np.random.default_rng(number)
    shift = random.integers(0, 8, 3)
    box = tuple(slice(at, at + EDGE) for at in shift)
    for name in sequences:
        data = images[name][box].astype(np.float32)
        data = np.where(data > 0, data * random.uniform(0.9, 1.1), 0).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(data, affine), folder / f"{name}.nii.gz")
    return folder


def make_studies(root: Path, count: int) -> Path:
    """So many studies, called ``s00``, ``s01``, ..."""
    for number in range(count):
        make_study(root / f"s{number:02d}", number)
    return root
