"""A cut-out of a case, to try the benchmark itself in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

EDGE = 96
WINDOW = 64


def cut_out(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Write the middle ``EDGE``³ voxels of every file into a folder."""
    import nibabel

    folder.mkdir(parents=True, exist_ok=True)
    small: dict[str, Path] = {}
    for name, path in files.items():
        image = nibabel.load(path)
        middle = tuple(slice(max(0, (n - EDGE) // 2), (n - EDGE) // 2 + EDGE) for n in image.shape)
        small[name] = folder / f"{name}.nii.gz"
        nibabel.save(image.slicer[middle], small[name])
    return small
