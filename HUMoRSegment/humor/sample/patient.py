"""A whole made-up patient from a seed: four sequences and the true label map, and the files they are."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from humor.errors import UsageError
from humor.hashing import sha256_of_bytes
from humor.output.folder import OutputFolder
from humor.output.names import Kind
from humor.regions import ED, ET, NCR
from humor.sample.anatomy import Anatomy, draw_anatomy
from humor.sample.appearance import ideal_brightness, scan
from humor.sample.head import draw_head
from humor.sample.space import STEP, Space, coverage
from humor.sample.tissue import Tissues, compose, cortical_vessels, draw_folds, large_vessels
from humor.sample.tumour import Tumour, grow_tumour
from humor.sequences import SEQUENCES

DEFAULT_SEED = 1
_Fields = TypeVar("_Fields")
TRUTH = "truth"
"""Name of the file of true labels, beside the four named after their sequences."""
_KIND = Kind(tuple(f"{name}.nii.gz" for name in (*SEQUENCES, TRUTH)))


@dataclass(frozen=True)
class SampleStudy:
    """A made-up patient.

    Attributes:
        images: by sequence, uint8 ``[i, j, k]``, 0 outside the brain, all on one grid.
        labels: BraTS labels (0, 1 NCR, 2 ED, 4 ET), uint8, on the same grid.
        affine: 4×4 from index to world RAS in mm.
    """

    images: dict[str, np.ndarray]
    labels: np.ndarray
    affine: np.ndarray


def generate(seed: int = DEFAULT_SEED, spacing: float = 1.0) -> SampleStudy:
    """Make a patient with a glioblastoma.

    Args:
        seed: another one is another patient: head, age, tumour place and size, scanner.
        spacing: voxel edge in mm. 1 gives 240 × 240 × 155 voxels as in BraTS; larger is quicker.

    Raises:
        UsageError: the seed is negative, or the spacing not between 0.5 and 4 mm.
    """
    if seed < 0 or not 0.5 <= spacing <= 4:
        raise UsageError(
            f"no sample study has seed {seed} and spacing {spacing} mm: "
            "the seed is a whole number from 0, the spacing 0.5 to 4 mm."
        )
    rng = np.random.default_rng(seed)
    space, head = Space(spacing), draw_head(rng)
    anatomy = draw_anatomy(rng, space, head)
    folds = draw_folds(rng, space, anatomy)
    lattice_tissues = compose(anatomy, folds, head, STEP)
    tumour = grow_tumour(rng, space, head, lattice_tissues.parts["white"], _room(anatomy))
    vessels = large_vessels(rng, space, anatomy)

    mask = space.to_voxels(anatomy.inside) < 0
    fine_anatomy = _at_voxels(space, anatomy, mask)
    fine_folds = _at_voxels(space, folds, mask)
    fine_tumour = _at_voxels(space, tumour, mask)
    tissues = compose(fine_anatomy, fine_folds, head, spacing)
    vessel = np.minimum(space.to_voxels(vessels)[mask], cortical_vessels(fine_folds, tissues.pial))
    parts = _with_vessels(tissues, coverage(vessel, spacing))

    labels = np.zeros(space.shape, np.uint8)
    labels[space.box][mask] = _labels(fine_tumour, parts)
    brightness = ideal_brightness(rng, space, mask, parts, fine_tumour, fine_anatomy)
    images = {}
    for channel, name in enumerate(SEQUENCES):
        # Outside the head lies fluid, so that blurring does not darken the rim.
        volume = np.full(mask.shape, brightness[channel].min(), np.float32)
        volume[mask] = brightness[channel]
        images[name] = scan(rng, space, name, volume, mask)
    return SampleStudy(images, labels, space.affine)


def _room(anatomy: Anatomy) -> np.ndarray:
    """How far (mm) a place on the lattice lies within what a tumour may fill."""
    room = np.minimum(anatomy.depth - 2.5, anatomy.midline - 2)
    room = np.minimum(room, np.minimum(anatomy.ventricles, anatomy.stem - 3))
    return room.astype(np.float32)


def _at_voxels(space: Space, record: _Fields, mask: np.ndarray) -> _Fields:
    """The same record with all its lattice fields interpolated to the mask's voxels, flat."""
    fine = {}
    for field in fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, tuple):
            fine[field.name] = tuple(space.to_voxels(part)[mask] for part in value)
        else:
            fine[field.name] = space.to_voxels(value)[mask]
    return replace(record, **fine)  # type: ignore[type-var]


def _with_vessels(tissues: Tissues, vessel: np.ndarray) -> dict[str, np.ndarray]:
    parts = {name: part * (1 - vessel) for name, part in tissues.parts.items()}
    return {**parts, "vessel": vessel}


def _labels(tumour: Tumour, parts: dict[str, np.ndarray]) -> np.ndarray:
    """BraTS labels of voxels. Experts leave fluid and vessels out of the oedema."""
    labels = np.where((tumour.oedema < 0) & (parts["csf"] + parts["vessel"] < 0.5), ED, 0)
    labels = np.where(tumour.core < 0, ET, labels)
    return np.where((tumour.necrosis < 0) & (tumour.core < 0), NCR, labels).astype(np.uint8)


def write_sample(folder: Path, seed: int = DEFAULT_SEED, spacing: float = 1.0) -> SampleStudy:
    """Generate a patient and write ``t1 t1c t2 flair truth`` as ``.nii.gz`` into a folder.

    Args:
        folder: made if it is not there; files of the same names stop this, unless they hold the same.
        seed, spacing: as for ``generate``.

    Raises:
        OutputError: the folder cannot be made or written to, or other images are there.
        UsageError: as for ``generate``.
    """
    with OutputFolder(folder, Kind(())):  # before seconds are spent: can anything be written here?
        study = generate(seed, spacing)
    images = {**study.images, TRUTH: study.labels}
    files = {f"{name}.nii.gz": _file(data, study.affine) for name, data in images.items()}
    known = {name: sha256_of_bytes(content) for name, content in files.items()}
    with OutputFolder(folder, _KIND, known=known) as out:
        for name, content in files.items():
            out.file(name).write_bytes(content)
    return study


def _file(data: np.ndarray, affine: np.ndarray) -> bytes:
    """One file, small rather than quick: this is done once."""
    import nibabel

    image = nibabel.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"generated by HUMoR, not a patient"
    # No time stamp, so that the same voxels make the same bytes.
    return gzip.compress(image.to_bytes(), 9, mtime=0)
