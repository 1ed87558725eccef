"""Made-up labelled studies on disk, as a scientist would have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from humor.sample.patient import generate
from humor_training.data.layouts.folders import LABEL_FILE


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three generated patients at 3 mm, the last without T1."""
    import nibabel

    folder = tmp_path_factory.mktemp("studies")
    for seed in range(3):
        study = generate(seed, spacing=3.0)
        place = folder / f"patient{seed}"
        place.mkdir()
        for name, image in study.images.items():
            if (seed, name) != (2, "t1"):
                nibabel.save(nibabel.Nifti1Image(image, study.affine), place / f"{name}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(study.labels, study.affine), place / LABEL_FILE)
    return folder
