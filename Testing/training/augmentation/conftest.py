"""Small made-up cases and a small average brain, so that nothing here needs real MRI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from humor_training.data.labelled_case import LabelledCase


def ball(shape: tuple[int, ...], centre: tuple[float, ...], radius: float) -> np.ndarray:
    places = np.indices(shape).astype(float)
    middle = np.array(centre)[:, None, None, None]
    return ((places - middle) ** 2).sum(axis=0) < radius**2


def brain_case(
    name: str, tumour: tuple[float, float, float] | None, radius: float = 7, seed: int = 0
) -> LabelledCase:
    """A ball of noise as a brain, with a ball of oedema, core and rim whose values are 2, 3 and 4."""
    shape = (64, 80, 64)
    brain = ball(shape, (32, 40, 32), 29)
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint8)
    image = rng.normal(0, 0.3, (4, *shape))
    if tumour is not None:
        for label, value, share in ((2, 2.0, 1.0), (4, 4.0, 0.7), (1, 3.0, 0.4)):
            part = ball(shape, tumour, radius * share) & brain
            labels[part] = label
            image[:, part] = value
    image[:, brain] += 0.001  # nothing inside is exactly 0
    image[:, ~brain] = 0
    return LabelledCase(name, image.astype(np.float16), np.ones(4, bool), labels)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An average brain of 96 mm: a ball of white matter in grey matter, with a ventricle."""
    import nibabel

    folder = tmp_path_factory.mktemp("templates")
    shape = (96, 104, 96)
    brain, white = ball(shape, (48, 52, 48), 44), ball(shape, (48, 52, 48), 36)
    ventricle = ball(shape, (48, 52, 48), 9)
    maps = {
        "wm": 255.0 * (white & ~ventricle),
        "gm": 255.0 * (brain & ~white),
    }
    maps = {name: ndimage.gaussian_filter(values, 0.7) * brain for name, values in maps.items()}
    t1 = 40 + 0.35 * maps["gm"] + 0.7 * maps["wm"]
    for name, values in {**maps, "t1": t1 * brain}.items():
        image = nibabel.Nifti1Image(values.astype(np.uint8), np.diag([1.0, 1.0, 1.0, 1.0]))
        nibabel.save(image, folder / f"{name}.nii.gz")
    return folder
