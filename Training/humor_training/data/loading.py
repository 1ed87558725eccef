"""Labelled studies from files, as the engine sees studies."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from humor.errors import InputError
from humor.sequences import availability
from humor.study.case_building import build_case
from humor.study.study import load_study

from .labelled_case import LabelledCase
from .labels import labels_on
from .layouts.plain import study_in
from .study import SequenceFile, Study


def load_labelled(study: Study | Path) -> LabelledCase:
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
