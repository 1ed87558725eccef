"""Reading: every format and number type, and a clear refusal of everything else."""

from __future__ import annotations

import gzip
import sys

import nibabel
import numpy as np
import pytest

from humor.errors import InputError
from humor.study.channels import Channel
from humor.study.study import read_volume

FORMATS = ["a.nii", "a.nii.gz", "a.nrrd", "a.mha", "a.mhd"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("codes", ["LPS", "RAS", "SAR"])
def test_every_format_gives_the_same_values_and_the_same_place(phantom, name, codes):
    grid = phantom.grid(codes, spacing=(1, 1.5, 2), turns=(10, 5, -7))
    volume = read_volume(phantom.write(name, grid))
    assert volume.grid.same_as(grid)
    assert np.array_equal(volume.data, phantom.paint(grid).astype(np.int16))
    assert volume.warnings == ()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64", ">i2", ">f4"])
def test_the_number_type_on_disk_is_kept(phantom, dtype):
    values = np.round(phantom.paint(phantom.grid()) / 4)
    volume = read_volume(phantom.nifti(phantom.folder / "a.nii.gz", values, phantom.grid(), np.dtype(dtype)))
    assert volume.data.dtype.newbyteorder("=") == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(volume.data * volume.slope + volume.inter, values)


def test_slope_and_intercept_are_read_and_not_applied(phantom):
    grid = phantom.grid()
    image = nibabel.Nifti1Image(phantom.paint(grid).astype(np.int16), grid.affine)
    image.header.set_slope_inter(0.25, -3.0)
    path = phantom.folder / "a.nii"
    path.write_bytes(image.to_bytes())
    volume = read_volume(path)
    assert (volume.slope, volume.inter) == (0.25, -3.0)
    assert volume.data.dtype == np.int16


def test_nifti_2_is_read(phantom):
    grid = phantom.grid()
    path = phantom.folder / "a.nii.gz"
    nibabel.save(nibabel.Nifti2Image(phantom.paint(grid).astype(np.float32), grid.affine), path)
    assert read_volume(path).grid.same_as(grid)


def test_a_fourth_axis_of_length_one_is_accepted(phantom):
    grid = phantom.grid()
    path = phantom.folder / "a.nii.gz"
    nibabel.save(nibabel.Nifti1Image(phantom.paint(grid)[..., None].astype(np.int16), grid.affine), path)
    assert read_volume(path).data.shape == grid.shape


def test_a_fourth_axis_of_length_one_is_accepted_in_other_formats(phantom):
    import SimpleITK as sitk

    values = np.zeros((1, 10, 11, 12), np.uint8)
    values[0, 3, 4, 5] = 1
    image = sitk.GetImageFromArray(values, isVector=False)
    image.SetSpacing((3.0, 3.0, 3.0, 1.0))
    sitk.WriteImage(image, str(phantom.folder / "four.mha"))
    assert read_volume(phantom.folder / "four.mha").data[5, 4, 3] == 1


def test_the_wrong_one_of_the_nifti_endings_does_not_matter(phantom):
    path = phantom.write("a.nii", phantom.grid())
    wrong = phantom.folder / "b.nii.gz"
    wrong.write_bytes(path.read_bytes())
    packed = phantom.folder / "c.nii"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(read_volume(wrong).data, read_volume(packed).data)


def test_it_works_without_isal(phantom, monkeypatch):
    path = phantom.write("a.nii.gz", phantom.grid())
    monkeypatch.setitem(sys.modules, "isal", None)
    assert read_volume(path).data.max() == 900
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match="damaged or truncated"):
        read_volume(path)


def test_a_file_without_orientation_is_read_with_a_warning(phantom):
    grid = phantom.grid()
    image = nibabel.Nifti1Image(phantom.paint(grid).astype(np.int16), None)
    image.header["sform_code"] = image.header["qform_code"] = 0
    path = phantom.folder / "a.nii"
    path.write_bytes(image.to_bytes())
    assert "neither sform nor qform" in str(read_volume(path).warnings[0])


def test_nan_around_the_brain_becomes_background(phantom):
    values = phantom.paint(phantom.grid())
    values[values == 0] = np.nan
    volume = read_volume(phantom.nifti(phantom.folder / "a.nii", values, phantom.grid(), np.float32))
    assert np.isfinite(volume.data).all()
    assert volume.data[0, 0, 0] < np.nanmin(values)
    assert "NaN" in str(volume.warnings[0])


def _nan_inside(values):
    values[30:40, 40:50, 40:50] = np.nan
    return values


def _infinite(values):
    values[40, 40, 40] = np.inf
    return values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_nan_inside, "inside the image are NaN"),
        (lambda v: np.full_like(v, np.nan), "every voxel is NaN"),
        (_infinite, "infinite"),
        (lambda v: np.full_like(v, 7.0), "same value"),
        (lambda v: v[:, :, 0], "2-dimensional"),
        (lambda v: v[:, :, :5], "too thin"),
        (lambda v: np.stack([v, v], -1), "holds 2 volumes"),
    ],
)
def test_images_that_cannot_be_segmented_are_refused_by_name(phantom, change, message):
    values = change(phantom.paint(phantom.grid()))
    path = phantom.nifti(phantom.folder / "odd.nii.gz", values, phantom.grid(), np.float32)
    with pytest.raises(InputError, match=message) as caught:
        read_volume(path)
    assert "odd.nii.gz" in str(caught.value)


def test_colours_and_complex_numbers_are_refused(phantom):
    grid = phantom.grid()
    colours = np.zeros(grid.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for name, values in (("rgb.nii", colours), ("complex.nii", np.ones(grid.shape, np.complex64))):
        nibabel.save(nibabel.Nifti1Image(values, grid.affine), phantom.folder / name)
        with pytest.raises(InputError, match=f"{name}.*(RGB|complex)"):
            read_volume(phantom.folder / name)


def test_colours_and_several_volumes_in_other_formats_are_refused(phantom):
    import SimpleITK as sitk

    values = np.ones((10, 11, 12, 3), np.uint8)
    colours = sitk.GetImageFromArray(values, isVector=True)
    colours.SetSpacing((3.0, 3.0, 3.0))
    sitk.WriteImage(colours, str(phantom.folder / "rgb.mha"))
    several = sitk.GetImageFromArray(np.ones((2, 10, 11, 12), np.uint8), isVector=False)
    several.SetSpacing((3.0, 3.0, 3.0, 1.0))
    sitk.WriteImage(several, str(phantom.folder / "four.mha"))
    for name, message in (("rgb.mha", "not one real number"), ("four.mha", "holds 2 volumes")):
        with pytest.raises(InputError, match=f"{name}.*{message}"):
            read_volume(phantom.folder / name)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_truncated_files_are_refused(phantom, name):
    path = phantom.write(name, phantom.grid())
    content = path.read_bytes()
    for length in (len(content) * 2 // 3, 100, 10):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=name):
            read_volume(path)


@pytest.mark.parametrize("name", FORMATS)
def test_empty_and_nonsense_files_are_refused(phantom, name):
    path = phantom.folder / name
    path.write_bytes(b"")
    with pytest.raises(InputError, match=f"{name} is empty"):
        read_volume(path)
    path.write_bytes(b"nothing like an image " * 50)
    with pytest.raises(InputError, match=name):
        read_volume(path)


def test_a_flipped_bit_in_compressed_content_is_noticed(phantom):
    path = phantom.write("a.nii.gz", phantom.grid())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="damaged"):
        read_volume(path)


@pytest.mark.parametrize("column", [np.zeros(3), np.array([1.0, 0.0, 0.0]), np.full(3, np.nan)])
def test_geometry_that_is_none_is_refused(phantom, column):
    grid = phantom.grid("RAS")
    image = nibabel.Nifti1Image(phantom.paint(grid).astype(np.int16), grid.affine)
    for row, value in zip("xyz", column, strict=True):
        image.header[f"srow_{row}"][2] = value
        image.header[f"srow_{row}"][0] = 1.0 if row == "x" else 0.0
    path = phantom.folder / "flat.nii"
    header = image.header.copy()
    path.write_bytes(header.binaryblock + b"\0\0\0\0" + image.get_fdata().astype("<i2").tobytes("F"))
    with pytest.raises(InputError, match=r"flat.nii.*affine"):
        read_volume(path)


def test_missing_files_folders_and_other_formats_are_refused(phantom):
    (phantom.folder / "a.dcm").write_bytes(b"DICM")
    for name, message in (("none.nii.gz", "does not exist"), ("", "is a folder"), ("a.dcm", "dcm2niix")):
        with pytest.raises(InputError, match=message):
            read_volume(phantom.folder / name)


@pytest.mark.parametrize("kind", ["mgz", "mgh", "nifti pair", "analyze"])
@pytest.mark.parametrize("codes", ["LPS", "RAS"])
def test_freesurfers_images_and_pairs_lie_where_others_do(phantom, kind, codes):
    grid = phantom.grid(codes, spacing=(1, 1.5, 2), turns=(0, 0, 0) if kind == "analyze" else (10, 5, -7))
    values = phantom.paint(grid).astype(np.int16)
    if kind in ("mgz", "mgh"):
        path = phantom.folder / f"a.{kind}"
        nibabel.save(nibabel.MGHImage(values, grid.affine), path)
    elif kind == "nifti pair":
        path = phantom.folder / "a.img"
        nibabel.save(nibabel.Nifti1Pair(values, grid.affine), path)
    else:
        path = phantom.folder / "a.img"
        nibabel.save(nibabel.AnalyzeImage(values, grid.affine), path)
    volume = read_volume(path)
    assert np.array_equal(volume.data * volume.slope + volume.inter, values)
    if kind == "analyze":  # has no place for one
        assert "does not say how the image lies" in str(volume.warnings[0])
    else:
        assert np.allclose(volume.grid.affine, grid.affine, atol=1e-3) and volume.warnings == ()
    if path.suffix == ".img":
        assert np.array_equal(read_volume(path.with_suffix(".hdr")).data, volume.data)


@pytest.mark.parametrize("name", ["a.mgz", "a.mgh", "a.img", "a.hdr"])
def test_damaged_ones_are_refused_by_name(phantom, name):
    grid = phantom.grid()
    values = phantom.paint(grid).astype(np.int16)
    kind = nibabel.MGHImage if name.startswith("a.mg") else nibabel.Nifti1Pair
    path = phantom.folder / name
    nibabel.save(kind(values, grid.affine), path.with_suffix(".img") if path.suffix == ".hdr" else path)
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"x" * 500, whole[:20]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=name.replace(".hdr", "")):
            read_volume(path)


def test_half_a_pair_is_refused(phantom):
    grid = phantom.grid()
    path = phantom.folder / "a.img"
    nibabel.save(nibabel.Nifti1Pair(phantom.paint(grid).astype(np.int16), grid.affine), path)
    path.with_suffix(".hdr").unlink()
    with pytest.raises(InputError, match=r"a.img.*beside each other"):
        read_volume(path)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.mgz", "a.img", "a.nrrd", "vector.nrrd", "a.mha"])
def test_each_volume_of_a_4d_file_is_read(phantom, name):
    import SimpleITK as sitk

    grid = phantom.grid()
    first = phantom.paint(grid).astype(np.int16)
    volumes = np.stack([first, first[::-1], first + 7], axis=-1)
    path = phantom.folder / name
    if path.suffix in (".nrrd", ".mha"):
        image = sitk.GetImageFromArray(
            np.moveaxis(volumes.transpose(2, 1, 0, 3), 3, 3 if name == "vector.nrrd" else 0),
            isVector=name == "vector.nrrd",
        )
        sitk.WriteImage(image, str(path))
    else:
        kinds = {".mgz": nibabel.MGHImage, ".img": nibabel.Nifti1Pair}
        nibabel.save(kinds.get(path.suffix, nibabel.Nifti1Image)(volumes, grid.affine), path)
    for number in range(3):
        volume = read_volume(path, Channel(number, 3))
        assert np.array_equal(volume.data * volume.slope + volume.inter, volumes[..., number])
    with pytest.raises(InputError, match="--channels"):
        read_volume(path, Channel(0, 4))
    with pytest.raises(InputError, match=name):
        read_volume(path)


def test_a_file_with_one_volume_is_that_one_whatever_the_channel(phantom):
    grid = phantom.grid()
    assert read_volume(phantom.write("a.nii", grid), Channel(2, 4)).data.shape == grid.shape
