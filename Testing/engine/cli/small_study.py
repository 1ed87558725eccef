"""A study that is segmented in no time."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

SHAPE = (40, 44, 36)


def write_study(folder: Path) -> Path:
    """A skull-stripped "brain" as small as a walnut, with a bright place, in all four sequences."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij"))
    brain = (places**2).sum(axis=0) < 0.8
    tumour = np.exp(-((places - 0.3) ** 2).sum(axis=0) / 0.03)
    for number, name in enumerate(("t1", "t1c", "t2", "flair")):
        image = (500 + 50 * number + 20 * random.standard_normal(SHAPE) + 600 * tumour) * brain
        nibabel.save(
            nibabel.Nifti1Image(image.astype(np.int16), np.diag([-1.0, -1.0, 1.0, 1.0])),
            folder / f"{name}.nii.gz",
        )
    return folder
