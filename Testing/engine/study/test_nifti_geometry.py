"""NIfTI headers that say it twice: read as ITK reads them, and results lie on the input for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from humor.errors import InputError
from humor.output.nifti import write_nifti
from humor.study.study import read_volume

SHAPE = (24, 26, 28)
SIZES = np.array([1.0, 1.5, 2.0])
CODES = [(sform, qform) for sform in range(6) for qform in range(6)]


def _affine(turned: np.ndarray, sizes: np.ndarray, origin: tuple[float, float, float]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = turned @ np.diag(sizes)
    affine[:3, 3] = origin
    return affine


def _turn(degrees: float, axis: int) -> np.ndarray:
    first, second = [n for n in range(3) if n != axis]
    angle = np.radians(degrees)
    turned = np.eye(3)
    turned[first, first] = turned[second, second] = np.cos(angle)
    turned[first, second], turned[second, first] = -np.sin(angle), np.sin(angle)
    return turned


SFORM = _affine(_turn(-10, 0), SIZES, (-30, 14, 25))
QFORM = _affine(_turn(20, 2), SIZES, (3, 4, 5))


def _write(path: Path, sform_code: int, qform_code: int, **fields: Any) -> Path:
    """An image whose two forms are SFORM and QFORM, with single fields of its header replaced."""
    data = np.random.default_rng(0).integers(0, 100, SHAPE).astype(np.int16)
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(SHAPE)
    header.set_xyzt_units("mm")
    header.set_qform(QFORM, qform_code)
    header.set_sform(fields.pop("sform", SFORM), sform_code)
    header["qform_code"], header["sform_code"] = qform_code, sform_code
    header["pixdim"][1:4] = fields.pop("pixdim", SIZES)
    header["vox_offset"] = 352
    for name, value in fields.items():
        header[name] = value
    path.write_bytes(header.binaryblock + bytes(4) + data.tobytes("F"))
    return path


def _itk(path: Path) -> np.ndarray | None:
    """The affine (RAS) as SimpleITK reads it; None where it does not open the file."""
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        return None
    affine, flip = np.eye(4), np.diag([-1.0, -1.0, 1.0])
    affine[:3, :3] = flip @ np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
    affine[:3, 3] = flip @ np.array(image.GetOrigin())
    return affine


def _result_of(path: Path) -> Path:
    """What is written on the grid of an image."""
    volume = read_volume(path)
    result = path.with_name("result.nii.gz")
    write_nifti(result, np.zeros(SHAPE, np.uint8), volume.grid.affine, label=True, fields=volume.fields)
    return result


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is not None and other is not None and np.allclose(one, other, atol=1e-3)


def _every_reader_puts_the_result_on(path: Path) -> bool:
    result = _result_of(path)
    same = _same(nibabel.load(path).affine, nibabel.load(result).affine)
    qform, there = (nibabel.load(each).get_qform(coded=True) for each in (path, result))
    return same and _same(_itk(path), _itk(result)) and (qform[1] == 0 or _same(qform[0], there[0]))


@pytest.mark.parametrize(("sform", "qform"), CODES)
def test_every_pair_of_codes_is_read_as_itk_does_and_every_reader_puts_the_result_on_it(
    tmp_path: Path, sform: int, qform: int
) -> None:
    path = _write(tmp_path / "a.nii", sform, qform)
    volume = read_volume(path)
    assert _same(volume.grid.affine, _itk(path))
    assert _every_reader_puts_the_result_on(path)
    warned = "sform and qform" in " ".join(map(str, volume.warnings))
    assert warned == (sform > 1 and qform > 0)
    assert bool(volume.warnings) == (warned or sform == qform == 0)


@pytest.mark.parametrize(("sform", "qform"), CODES)
def test_two_forms_that_agree_are_the_usual_case(tmp_path: Path, sform: int, qform: int) -> None:
    if sform == qform == 0:
        return
    volume = read_volume(_write(tmp_path / "a.nii", sform, qform, sform=QFORM))
    assert volume.warnings == () and volume.fields is None
    assert _same(volume.grid.affine, QFORM)


@pytest.mark.parametrize(("sform", "qform"), [(1, 0), (1, 1), (2, 0), (2, 1), (4, 2)])
def test_voxel_sizes_are_those_of_pixdim_as_in_itk(tmp_path: Path, sform: int, qform: int) -> None:
    path = _write(tmp_path / "a.nii", sform, qform, sform=SFORM @ np.diag([2.0, 2.0, 2.0, 1.0]))
    volume = read_volume(path)
    assert _same(volume.grid.affine, _itk(path))
    assert _every_reader_puts_the_result_on(path)
    assert volume.warnings and "a.nii" in str(volume.warnings[0])


def test_voxel_sizes_that_cannot_be_give_way_to_the_sforms(tmp_path: Path) -> None:
    volume = read_volume(_write(tmp_path / "a.nii", 1, 0, pixdim=[1e-5, 1e-5, 1e-5]))
    assert _same(volume.grid.affine, SFORM)
    assert "cannot be those of a head" in str(volume.warnings[0])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_voxel_sizes_that_are_none_are_replaced_and_said(tmp_path: Path, bad: float) -> None:
    path = _write(tmp_path / "a.nii", 1, 0, pixdim=[bad, 1.5, 2.0])
    volume = read_volume(path)
    assert _same(volume.grid.affine, SFORM)
    assert "not valid" in str(volume.warnings[0])


SHEARED = SFORM + np.array([[0, 0.3, 0, 0], [0] * 4, [0] * 4, [0] * 4])


@pytest.mark.parametrize("sform", [1, 2])
def test_a_sheared_sform_gives_way_to_the_qform(tmp_path: Path, sform: int) -> None:
    path = _write(tmp_path / "a.nii", sform, 1, sform=SHEARED)
    volume = read_volume(path)
    assert _same(volume.grid.affine, QFORM) and _same(_itk(path), QFORM)
    assert _every_reader_puts_the_result_on(path)
    assert "right angles" in str(volume.warnings[0])


def test_a_sheared_sform_alone_is_kept_and_its_result_opens_in_itk(tmp_path: Path) -> None:
    # Voxel sizes that fit the sheared axes, so that shear is all that is odd.
    path = _write(tmp_path / "a.nii", 2, 0, sform=SHEARED, pixdim=np.linalg.norm(SHEARED[:3, :3], axis=0))
    volume = read_volume(path)
    assert _itk(path) is None
    assert _same(volume.grid.affine, SHEARED)
    assert "do not open it" in str(volume.warnings[0])
    result = _result_of(path)
    assert _same(nibabel.load(result).affine, SHEARED)
    assert _itk(result) is not None


@pytest.mark.parametrize("rows", ["z", "xyz"])
@pytest.mark.parametrize("code", [1, 2])
def test_a_sform_with_empty_rows_gives_way_to_the_qform_or_is_refused(
    tmp_path: Path, rows: str, code: int
) -> None:
    empty = {f"srow_{row}": np.zeros(4) for row in rows}
    path = _write(tmp_path / "a.nii", code, 1, **empty)
    assert _same(read_volume(path).grid.affine, QFORM) and _same(_itk(path), QFORM)
    assert read_volume(path).warnings
    assert _every_reader_puts_the_result_on(path)
    alone = _write(tmp_path / "b.nii", code, 0, **empty)
    assert _itk(alone) is None
    with pytest.raises(InputError, match=r"b.nii.*affine is singular"):
        read_volume(alone)


@pytest.mark.parametrize(("units", "factor"), [(1, 1000.0), (3, 0.001)])
@pytest.mark.parametrize(("sform", "qform"), [(0, 1), (1, 0), (1, 1), (2, 1)])
def test_metres_and_micrometres_become_millimetres_as_in_itk(
    tmp_path: Path, units: int, factor: float, sform: int, qform: int
) -> None:
    small = np.diag([1 / factor] * 3 + [1.0])
    path = _write(
        tmp_path / "a.nii", sform, qform, sform=small @ SFORM, pixdim=SIZES / factor, xyzt_units=units,
        qoffset_x=3 / factor, qoffset_y=4 / factor, qoffset_z=5 / factor,
    )  # fmt: skip
    volume = read_volume(path)
    assert _same(volume.grid.affine, _itk(path))
    assert np.allclose(volume.grid.spacing, SIZES, rtol=1e-4)
    assert _every_reader_puts_the_result_on(path)
    assert any(warning.code == "units_converted" for warning in volume.warnings)


@pytest.mark.parametrize("units", [1, 3])
def test_units_that_cannot_be_are_taken_as_millimetres(tmp_path: Path, units: int) -> None:
    path = _write(tmp_path / "a.nii", 1, 1, sform=QFORM, xyzt_units=units)
    volume = read_volume(path)
    assert _same(volume.grid.affine, QFORM)
    assert "cannot be" in str(volume.warnings[0])
    assert _every_reader_puts_the_result_on(path)


def test_a_qform_that_is_none_is_refused_unless_there_is_a_sform(tmp_path: Path) -> None:
    bad = {"quatern_b": 3.0, "quatern_c": 3.0}
    assert _same(read_volume(_write(tmp_path / "a.nii", 1, 1, **bad)).grid.affine, SFORM)
    with pytest.raises(InputError, match=r"b.nii.*qform"):
        read_volume(_write(tmp_path / "b.nii", 0, 1, **bad))


def test_real_files_are_read_as_nibabel_reads_them(shared_data: Path) -> None:
    for study in ("train/BraTS2021_00006", "other_lesions/openms_patient07", "whole_head/patient01_study1"):
        for path in sorted((shared_data / study).glob("*.nii.gz")):
            volume = read_volume(path)
            assert volume.warnings == () and volume.fields is None
            assert np.array_equal(volume.grid.affine, nibabel.load(path).affine)
