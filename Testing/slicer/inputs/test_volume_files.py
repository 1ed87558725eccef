from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from inputs.volumes import DATA, OBLIQUE, bend, brain, matrix, move, noise, spacing, volume

from humor.errors import HumorError, InputError, OutputError
from humor.study.study import read_volume
from HUMoRSegmentLib.inputs.volume_files import write_volumes
from HUMoRSegmentLib.scene.geometry import world_grid

FULL = np.vstack([OBLIQUE, [0, 0, 0, 1]])
GEOMETRIES = {
    "identity": np.eye(4),
    "LPS": np.diag([-1.0, -1.0, 1.0, 1.0]),
    "left-handed": np.diag([-1.0, 1.0, 1.0, 1.0]),
    "anisotropic": spacing(0.4688, 0.4688, 5.5) + np.array([[0, 0, 0, 1 / 3], *[[0] * 4] * 3]),
    "oblique": FULL,
    "oblique, anisotropic, left-handed": FULL @ np.diag([0.9, -1.1, 3.3, 1.0]),
    "axes exchanged": np.array([[0, 0, 1.5, 7], [-1.2, 0, 0, 8], [0, 0.7, 0, 9], [0, 0, 0, 1.0]]),
}
ALMOST_EXACT = 1e-9  # mm


def written(node: Any, folder: Path) -> Any:
    return read_volume(write_volumes({"t1c": node}, folder)["t1c"])


@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_engine_reads_every_geometry_to_the_voxel(scene: Any, tmp_path: Path, name: str) -> None:
    node = volume("T1c", affine=GEOMETRIES[name])
    read = written(node, tmp_path)
    assert read.grid.shape == (50, 51, 52)
    np.testing.assert_allclose(read.grid.affine, GEOMETRIES[name], rtol=0, atol=ALMOST_EXACT)
    np.testing.assert_array_equal(read.data.T, slicer.util.arrayFromVolume(node))


@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"]
)
def test_every_voxel_type_survives(scene: Any, tmp_path: Path, kind: str) -> None:
    data = np.arange(30**3).reshape(30, 30, 30) % 120
    read = written(volume("V", data.astype(kind)), tmp_path)
    assert read.data.dtype == np.dtype("float32" if kind == "float64" else kind)
    np.testing.assert_array_equal(read.data.T, data)


def test_values_beyond_32_bits_keep_their_64(scene: Any, tmp_path: Path) -> None:
    """In the file; the engine reads them in the unit that 32 bits hold, with the slope that belongs to it."""
    data = np.linspace(0.0, 1e300, 30**3).reshape(30, 30, 30)
    node = volume("V", data, FULL)
    file = write_volumes({"t1c": node}, tmp_path)["t1c"]
    kept = sitk.GetArrayFromImage(sitk.ReadImage(file))
    assert kept.dtype == np.float64
    np.testing.assert_array_equal(kept, data)
    read = read_volume(file)
    real = read.data.T.astype(np.float64) * read.slope + read.inter
    np.testing.assert_allclose(real, data, rtol=float(np.finfo(np.float32).eps))
    np.testing.assert_allclose(read.grid.affine, FULL, rtol=0, atol=ALMOST_EXACT)


def test_two_parent_transforms_are_applied_and_the_scene_stays_as_it_was(scene: Any, tmp_path: Path) -> None:
    node = volume("T1", affine=FULL @ np.diag([1.0, 1.0, -2.0, 1.0]))
    outer = np.array([[0, -1.0, 0, 4], [1.0, 0, 0, 5], [0, 0, 1.0, 6], [0, 0, 0, 1]])
    parent = move(volume("Other"), outer)
    inner = FULL.copy()
    move(node, inner, parent)
    before = state(scene, node)
    expected = outer @ inner @ FULL @ np.diag([1.0, 1.0, -2.0, 1.0])
    np.testing.assert_allclose(written(node, tmp_path).grid.affine, expected, rtol=0, atol=ALMOST_EXACT)
    np.testing.assert_allclose(world_grid(node).affine, expected, rtol=0, atol=ALMOST_EXACT)
    assert state(scene, node) == before


def state(scene: Any, node: Any) -> tuple[Any, ...]:
    geometry = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(geometry)
    return (
        scene.GetNumberOfNodes(),
        scene.GetMTime(),
        node.GetMTime(),
        node.GetImageData().GetMTime(),
        node.GetParentTransformNode(),
        node.GetModifiedSinceRead(),
        tuple(geometry.GetElement(row, column) for row in range(4) for column in range(4)),
        slicer.util.arrayFromVolume(node).tobytes(),
    )


def test_a_shearing_transform_is_kept(scene: Any, tmp_path: Path) -> None:
    node = volume("T2")
    shear = np.eye(4)
    shear[0, 1] = 0.2
    move(node, shear)
    np.testing.assert_allclose(written(node, tmp_path).grid.affine, shear, rtol=0, atol=ALMOST_EXACT)


def test_under_a_bending_transform_slicers_own_hardening_is_written(scene: Any, tmp_path: Path) -> None:
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    affine[:3, 3] = 75, 90, -80
    node = volume("FLAIR", brain(), affine)
    bend(node, 6.0)
    before = state(scene, node)
    read = written(node, tmp_path)
    assert state(scene, node) == before
    assert world_grid(node).same_as(read.grid)
    reference = volume("Hardened", brain(), affine)
    reference.SetAndObserveTransformNodeID(node.GetTransformNodeID())
    reference.HardenTransform()
    np.testing.assert_array_equal(read.data.T, slicer.util.arrayFromVolume(reference))
    assert world_grid(reference).same_as(read.grid)
    # The ball really moved to the right, by less than its middle's 6 mm.
    moved = read.grid.affine @ [*np.argwhere(read.data > 50).mean(axis=0), 1.0]
    still = affine @ [*np.argwhere(brain().T > 50).mean(axis=0), 1.0]
    assert 3.0 < moved[0] - still[0] < 6.5
    assert abs(moved[1] - still[1]) < 1.0


def test_a_transform_that_flattens_is_refused(scene: Any, tmp_path: Path) -> None:
    node = volume("Flat")
    move(node, np.diag([1.0, 1.0, 0.0, 1.0]))
    with pytest.raises(InputError, match=r'"Flat" has no valid geometry.*Correct its transform'):
        write_volumes({"t1": node}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_several_sequences_are_written_in_order_under_names_that_tell_no_patient(
    scene: Any, tmp_path: Path
) -> None:
    nodes = {"flair": volume("Doe FLAIR"), "t2": None, "t1": volume("Doe T1")}
    files = write_volumes(nodes, tmp_path)
    assert list(files) == ["t1", "flair"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flair.nrrd", "t1.nrrd"]


def bad(kind: str) -> Any:
    if kind == "no image data":
        return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Bad")
    if kind == "label map":
        return volume("Bad", np.ones((10, 10, 10), np.int16), kind="vtkMRMLLabelMapVolumeNode")
    if kind == "several values":
        return volume("Bad", np.random.rand(10, 10, 10, 3), kind="vtkMRMLVectorVolumeNode")
    if kind == "too thin":
        return volume("Bad", noise((1, 64, 64)))
    if kind == "same value everywhere":
        return volume("Bad", np.full((10, 10, 10), 3.0))
    if kind == "infinite":
        return volume("Bad", np.where(noise() > 140, np.inf, noise()))
    assert kind == "not a volume"
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "Bad")


@pytest.mark.parametrize(
    "kind",
    [
        "no image data",
        "label map",
        "several values",
        "too thin",
        "same value everywhere",
        "infinite",
        "not a volume",
    ],
)
def test_what_is_no_image_is_refused_by_name_before_anything_is_written(
    scene: Any, tmp_path: Path, kind: str
) -> None:
    with pytest.raises(HumorError, match=rf'"Bad".*{kind}.*\. '):
        write_volumes({"t1": volume("Good"), "t2": bad(kind)}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nan_around_the_image_is_left_to_the_engine(scene: Any, tmp_path: Path) -> None:
    data = noise()
    data[0] = np.nan
    assert "NaN" in str(written(volume("NaN", data), tmp_path).warnings[0])


def test_one_node_as_two_sequences_is_refused(scene: Any, tmp_path: Path) -> None:
    node = volume("Twice")
    with pytest.raises(InputError, match='"Twice" was chosen both as T1 and as FLAIR'):
        write_volumes({"t1": node, "flair": node}, tmp_path)


def test_a_missing_folder_is_told_with_the_nodes_name(scene: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r'"V" cannot be written .*gone.*No such file'):
        write_volumes({"t1": volume("V")}, tmp_path / "gone")


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs a device that is always full")
def test_a_full_disk_is_told_and_nothing_half_written_stays(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "t1.nrrd").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"No space left on device.*Free some space"):
        write_volumes({"t1": volume("V")}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_volume_of_another_memory_layout_is_written_as_it_is_shown(scene: Any, tmp_path: Path) -> None:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Built")
    image = vtk.vtkImageData()
    image.SetDimensions(22, 23, 24)
    image.AllocateScalars(vtk.VTK_SHORT, 1)
    for i in range(22):
        for j in range(23):
            for k in range(24):
                image.SetScalarComponentFromDouble(i, j, k, 0, i + 30 * j + 900 * k)
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(matrix(FULL))
    read = written(node, tmp_path)
    assert read.data[3, 4, 5] == 4623
    assert read.data[21, 22, 23] == 21381


def test_the_shown_time_point_of_a_sequence_of_volumes_is_written(scene: Any, tmp_path: Path) -> None:
    series = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Series")
    for seed in (1, 2):
        series.SetDataNodeAtValue(volume("Frame", noise(seed=seed)), str(seed))
    logic = slicer.vtkSlicerSequencesLogic()
    logic.SetMRMLScene(scene)  # which also makes the scene know browsers
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.AddSynchronizedSequenceNode(series)
    browser.SetSelectedItemNumber(1)
    logic.UpdateProxyNodesFromSequences(browser)
    shown = browser.GetProxyNode(series)
    np.testing.assert_array_equal(written(shown, tmp_path).data.T, noise(seed=2))


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_a_real_case_is_written_voxel_for_voxel(scene: Any, tmp_path: Path) -> None:
    import emulation.studies as studies

    folder = sorted((DATA / "validation").iterdir())[0]
    nodes = studies.load_case(scene, folder)
    for name, file in write_volumes(nodes, tmp_path).items():
        original, read = read_volume(folder / f"{name}.nii.gz"), read_volume(file)
        np.testing.assert_allclose(read.grid.affine, original.grid.affine, rtol=0, atol=1e-6)
        real = original.data * original.slope + original.inter
        np.testing.assert_allclose(read.data, real, rtol=1e-5, atol=1e-4 * np.abs(real).max())
