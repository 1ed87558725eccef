"""Grids: cropping, equality, axes, spacing."""

from __future__ import annotations

import time
import tracemalloc
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from humor.errors import InputError
from humor.memory.available import Memory
from humor.study import grid as grids
from humor.study.case_building import build_case
from humor.study.grid import WORKING_AXES, Grid
from humor.study.study import load_study, read_volume

CODES = ["".join(c) for p in permutations(["RL", "AP", "SI"]) for c in product(*p)]


@pytest.mark.parametrize("codes", CODES)
def test_every_axis_order_becomes_superior_posterior_left(phantom, codes):
    grid = phantom.grid(codes, turns=(8, -12, 15))
    working = grid.to_working_axes()
    directions = working.affine[:3, :3] / np.array(working.spacing)
    assert (np.diag(WORKING_AXES @ directions) > 0.9).all()
    there = grid.index_of(working) @ working.corners()
    assert np.allclose(there, np.round(there), atol=1e-9)  # the same voxels
    assert sorted(working.shape) == sorted(grid.shape)


def test_new_spacing_keeps_centre_directions_and_extent(phantom):
    grid = phantom.grid("RAS", spacing=(0.5, 2.0, 3.0), turns=(5, 0, 20))
    fine = grid.with_spacing(1.0)
    assert np.allclose(fine.spacing, 1.0)
    assert np.abs(np.array(fine.shape) - np.array(grid.shape) * np.array(grid.spacing)).max() <= 0.5
    for one in (grid, fine):
        assert np.allclose(one.affine @ [*(np.array(one.shape) - 1) / 2, 1], [*phantom.centre, 1])


def test_a_crop_keeps_voxels_where_they_were(phantom):
    grid = phantom.grid("LPS", turns=(0, 10, 0))
    crop = grid.crop((3, -2, 5), (10, 10, 10))
    assert np.allclose(crop.affine @ [0, 0, 0, 1], grid.affine @ [3, -2, 5, 1])


def test_grids_differ_by_shape_and_by_a_shift_beyond_the_tolerance(phantom):
    grid = phantom.grid()
    shifted = grid.affine.copy()
    shifted[0, 3] += 0.02
    assert grid.same_as(Grid(grid.shape, grid.affine * (1 + 1e-6)))
    assert not grid.same_as(Grid(grid.shape, shifted))
    assert not grid.same_as(grid.crop((0, 0, 0), (9, 9, 9)))


def _header_alone(path: Path, shape: tuple[int, ...], sizes: Any) -> Path:
    """A NIfTI header without its voxels: whoever is refused first has not looked for them."""
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header.set_sform(np.diag([*sizes, 1.0]), 1)
    header["pixdim"][1:4] = sizes
    header["vox_offset"] = 352
    path.write_bytes(header.binaryblock + bytes(4))
    return path


@pytest.mark.parametrize(
    ("shape", "sizes", "message"),
    [
        ((240, 240, 155), (1e-5, 1e-5, 1e-5), "voxel sizes"),
        ((240, 240, 155), (0.04, 1, 1), "voxel sizes"),
        ((240, 240, 20), (1, 1, 21), "voxel sizes"),
        ((240, 240, 155), (5, 5, 5), "extents"),
        ((240, 240, 155), (1, 1, 5), "extents"),
        ((24, 24, 12), (1, 1, 1), "extents"),
        ((240, 240, 7), (1, 1, 5), "too thin"),
        ((8000, 8000, 8000), (0.06, 0.06, 0.06), "GB of memory"),
    ],
)
def test_geometry_that_cannot_be_a_heads_is_refused_before_voxels_are_read(
    tmp_path: Path, shape: tuple[int, ...], sizes: Any, message: str
) -> None:
    begin = time.perf_counter()
    with pytest.raises(InputError, match=rf"odd.nii.*{message}"):
        read_volume(_header_alone(tmp_path / "odd.nii", shape, sizes))
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.mhd", "a.nhdr"])
def test_it_is_one_check_for_every_format(phantom: Any, name: str) -> None:
    grid = phantom.grid(spacing=(1, 1, 1))
    far = Grid(grid.shape, grid.affine @ np.diag([10.0, 10.0, 10.0, 1.0]))
    path = phantom.itk(phantom.folder / name, phantom.paint(grid), far)
    with pytest.raises(InputError, match=rf"{name}.*extents of 760 × 920 × 840 mm"):
        read_volume(path)


@pytest.mark.parametrize("sizes", [(0.05, 0.05, 0.05), (20.0, 20.0, 20.0)])
def test_the_limits_themselves_are_within(sizes: Any) -> None:
    shape = (400, 400, 400) if sizes[0] < 1 else (30, 30, 30)
    grids.check_geometry(Path("a.nii"), Grid(shape, np.diag([*sizes, 1.0])))


def test_a_working_grid_beyond_memory_is_refused_before_it_is_allocated(
    phantom: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study({"t1": phantom.write("t1.nii.gz", phantom.grid())})
    monkeypatch.setattr(grids, "main_memory", lambda: Memory(8_000_000, 4_000_000))
    with pytest.raises(InputError, match=r"t1.nii.gz.*working grid of 80 × 80 × 64"):
        build_case(study)


def test_a_refusal_takes_no_memory(tmp_path: Path) -> None:
    path = _header_alone(tmp_path / "odd.nii", (240, 240, 155), (5, 5, 5))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="extents"):
            read_volume(path)
        assert tracemalloc.get_traced_memory()[1] < 20e6  # bytes; nibabel itself, if it was not imported yet
    finally:
        tracemalloc.stop()
