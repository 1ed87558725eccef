"""A case as a scanner of today gives it: four sequences of 512×512×300 voxels, made of one of 1 mm."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SHAPE = (512, 512, 300)
SPACING_MM = (0.46875, 0.46875, 0.5)


def enlarge(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Write every file's image, interpolated to ``SHAPE`` voxels of ``SPACING_MM`` about the same centre."""
    import nibabel
    import numpy as np

    from humor.study.grid import Grid
    from humor.study.resampling import interpolate

    folder.mkdir(parents=True, exist_ok=True)
    large: dict[str, Path] = {}
    for name, path in files.items():
        image = nibabel.load(path)
        source = Grid(image.shape, np.asarray(image.affine, float))
        affine = source.affine.copy()
        affine[:3, :3] *= np.array(SPACING_MM) / source.spacing
        middle, wanted = (np.array(shape) / 2 - 0.5 for shape in (source.shape, SHAPE))
        affine[:3, 3] += source.affine[:3, :3] @ middle - affine[:3, :3] @ wanted
        values, inside = interpolate(np.asarray(image.dataobj), source, Grid(SHAPE, affine))
        scale = 20_000 / float(values.max())
        large[name] = folder / f"{name}.nii.gz"
        nibabel.save(nibabel.Nifti1Image((values * inside * scale).astype(np.int16), affine), large[name])
    return large
