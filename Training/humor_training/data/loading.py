"""Labelled studies from files, as the engine sees studies, with experts' label maps in BraTS labels."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from humor.errors import InputError
from humor.regions import ED, ET, ET_NEW, LABEL_NAMES, NCR
from humor.sequences import availability
from humor.study.case_building import build_case
from humor.study.formats import ITK_SUFFIXES, NIFTI_SUFFIXES
from humor.study.grid import Grid
from humor.study.resampling import interpolate, place, voxel_map
from humor.study.study import load_study
from humor.study.volume import Volume

from .labelled_case import LabelledCase
from .labelled_study import LabelledStudy, SequenceFile
from .layouts.folders import study_in


def load_labelled(study: LabelledStudy | Path) -> LabelledCase:
    """Read, normalise and crop one study with its labels.

    Args:
        study: what a layout found, or a folder in the plain layout.

    Raises:
        InputError: the engine cannot segment it, or its labels cannot be used.
    """
    study = study_in(study) if isinstance(study, Path) else study
    if not study.files:
        raise InputError(f"{study.label.parent} holds a label map, but no sequence. Add one, or take it out.")
    with volume_files(study.files) as files:
        case = build_case(load_study(files))
    labels = labels_on(case.grid, study.label, study.label_values)
    flags = np.array(availability(study.files))
    return LabelledCase(study.name, case.image.astype(np.float16), flags, labels, study.patient)


@contextmanager
def volume_files(files: Mapping[str, SequenceFile]) -> Iterator[dict[str, Path]]:
    """Sequence → a file with one volume; channels of 4-D files become temporary files meanwhile.

    The engine reads files, so all its checks hold for channels too. In its messages, the temporary files
    are replaced by what they were made from.

    Raises:
        InputError: a 4-D file cannot be read, or has no such channel; or raised meanwhile.
    """
    if all(file.channel is None for file in files.values()):
        yield {name: file.path for name, file in files.items()}
        return
    with tempfile.TemporaryDirectory(prefix="humor-") as folder:
        single = {
            name: Path(folder) / f"{name}.nii" if f.channel is not None else f.path
            for name, f in files.items()
        }
        for source in {file.path for file in files.values() if file.channel is not None}:
            wanted = {single[name]: file for name, file in files.items() if file.path == source}
            _write_channels(source, {path: file.channel or 0 for path, file in wanted.items()})
        try:
            yield single
        except InputError as error:
            message = str(error)
            for name, path in single.items():
                message = message.replace(str(path), str(files[name]))
            raise InputError(message) from error


def _write_channels(source: Path, wanted: Mapping[Path, int]) -> None:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    if not source.is_file():
        raise InputError(f"{source} does not exist. Check the path.")
    try:
        image = nibabel.load(source)
        data = np.asanyarray(image.dataobj.get_unscaled())
        slope, inter = image.dataobj.slope, image.dataobj.inter
    except (OSError, EOFError, ValueError, ImageFileError) as error:
        raise InputError(f"{source} cannot be read ({error}). Copy or export it again.") from error
    channels = data.shape[3] if data.ndim == 4 else 1
    for path, channel in wanted.items():
        if channel >= channels:
            raise InputError(
                f"{source} has {channels} channels, but its data set says it has channel {channel}."
            )
        volume = nibabel.Nifti1Image(
            data[..., channel] if data.ndim == 4 else data, image.affine, dtype=data.dtype
        )
        volume.header.set_slope_inter(slope, inter)
        nibabel.save(volume, path)


LARGEST_VALUE = 255


def read_label_volume(path: Path) -> Volume:
    """The stored label map, whose values are whole numbers (uint8).

    Unlike an image, it may have the same value everywhere: a patient without tumour.

    Raises:
        InputError: missing, unreadable, or its values are not whole numbers from 0 to 255.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist. Check the path of the label map.")
    volume = _read(path)
    values = volume.data * volume.slope + volume.inter
    whole = np.rint(values)
    finite = bool(np.isfinite(values).all())
    if not finite or np.abs(values - whole).max() > 1e-3 or whole.min() < 0 or whole.max() > LARGEST_VALUE:
        raise InputError(
            f"{path}: its values are not whole numbers from 0 to {LARGEST_VALUE}. A label map is needed, "
            "not an image or probabilities; interpolate label maps by nearest neighbours."
        )
    return Volume(whole.astype(np.uint8), 1.0, 0.0, volume.grid, path, volume.warnings)


def to_brats(labels: np.ndarray, label_values: Mapping[int, int] | None, path: Path) -> np.ndarray:
    """Stored values to BraTS labels (uint8: 0, 1, 2, 4).

    Args:
        labels: uint8, any shape.
        label_values: as ``LabelledStudy.label_values``.
        path: for the message.

    Raises:
        InputError: a value is not understood.
    """
    known = set(label_values) if label_values is not None else {NCR, ED, ET_NEW, ET}
    present = set(np.flatnonzero(np.bincount(labels.ravel())).tolist())
    if unknown := sorted(present - known - {0}):
        meaning = ", ".join(f"{value} {name}" for value, name in LABEL_NAMES.items())
        raise InputError(
            f"{path}: the label values {unknown} are not understood (known: {sorted(known)}). Give a JSON "
            f"list with label_values, which says what stands for {meaning}, and 0 for what is no tumour."
        )
    if label_values is None:
        return brats_labels(labels)
    table = np.zeros(LARGEST_VALUE + 1, np.uint8)
    for value, label in label_values.items():
        table[value] = label
    return table[labels]


def brats_labels(labels: np.ndarray) -> np.ndarray:
    """Older and newer conventions to 1, 2, 4: a 3 beside a 4 is non-enhancing core (BraTS 2013),
    a 3 without any 4 is ET (BraTS 2023)."""
    labels = labels.copy()
    labels[labels == ET_NEW] = NCR if (labels == ET).any() else ET
    return labels


def labels_on(grid: Grid, path: Path, label_values: Mapping[int, int] | None) -> np.ndarray:
    """A label map in BraTS labels on another grid (uint8 ``[D, H, W]``), by nearest neighbours.

    Raises:
        InputError: as ``read_label_volume`` and ``to_brats``.
    """
    volume = read_label_volume(path)
    labels = to_brats(volume.data, label_values, path)
    voxels = voxel_map(volume.grid, grid)
    if voxels is not None:
        return np.ascontiguousarray(place(labels, voxels, grid.shape))
    values, inside = interpolate(labels, volume.grid, grid, order=0, smooth=False)
    return (values * inside).astype(np.uint8)


def _read(path: Path) -> Volume:
    supported = NIFTI_SUFFIXES + ITK_SUFFIXES
    if not path.name.lower().endswith(supported):
        raise InputError(f"{path} is not a supported label map. Supported are {', '.join(supported)}.")
    if path.name.lower().endswith(NIFTI_SUFFIXES):
        from humor.study.nifti import read_nifti

        return read_nifti(path)
    from humor.study.itk import read_itk

    return read_itk(path)
