"""Compressed images: every wrong bit is noticed, and nothing unpacks without end."""

from __future__ import annotations

import gzip
import os
import time
import tracemalloc
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest

from humor.errors import InputError
from humor.study import packed
from humor.study.packed import ROOM, unpacked
from humor.study.study import read_volume

PATH = Path("a.nii.gz")
OF_NIBABEL = {"a.nii.gz": nibabel.Nifti1Image, "a.img.gz": nibabel.Nifti1Pair, "a.mgz": nibabel.MGHImage}


@pytest.fixture(params=["isal", "zlib"])
def library(request, monkeypatch):
    if request.param == "zlib":
        kinds = packed._BITS
        monkeypatch.setattr(
            packed, "_decompressor", lambda kind: (zlib.decompressobj(kinds[kind]), (zlib.error,))
        )
    else:
        pytest.importorskip("isal")


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_content(library, compress):
    assert unpacked(PATH, compress(b"abc" * 100), 300) == b"abc" * 100


def test_parts_and_zeros_behind(library):
    data = gzip.compress(b"abc") + gzip.compress(b"def") + bytes(100)
    assert unpacked(PATH, data, 6) == b"abcdef"


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_damage_is_named(library, compress):
    good = compress(np.random.default_rng(0).bytes(1000))
    for data in (good[:-1], good[:500], good[:-2] + b"xy", good + b"more", b"", good[:600] + good[601:]):
        with pytest.raises(InputError, match=r"a\.nii\.gz is damaged or truncated"):
            unpacked(PATH, data, 1000)


def test_a_bomb_is_refused_before_it_fills_memory(library):
    with pytest.raises(InputError, match=r"a\.nii\.gz unpacks to more than 67 MB"):
        unpacked(PATH, gzip.compress(bytes(ROOM + 1000)), 10)


@pytest.mark.parametrize("name", [*OF_NIBABEL, "a.nrrd", "a.mha", "a.mhd", "a.nhdr"])
def test_a_wrong_bit_of_a_packed_image_is_noticed(tmp_path, name):
    """ITK notices none in MetaImages, and not all in NRRD; nibabel none in what it reads a part of."""
    import SimpleITK as sitk

    values = np.random.default_rng(0).integers(0, 50, (30, 30, 30)).astype(np.int16)
    path = tmp_path / name
    if name in OF_NIBABEL:
        nibabel.save(OF_NIBABEL[name](values, np.eye(4)), path)
    else:
        sitk.WriteImage(sitk.GetImageFromArray(values), str(path), True)
    assert np.array_equal(np.sort(read_volume(path).data.ravel()), np.sort(values.ravel()))
    voxels = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    good = voxels.read_bytes()
    for place in (0.3, 0.6, 0.9, 0.99):
        changed = bytearray(good)
        changed[int(place * len(good))] ^= 4
        voxels.write_bytes(changed)
        with pytest.raises(InputError, match=path.stem):
            read_volume(path)


@pytest.mark.parametrize(
    "name", ["a.nii", "a.nii.gz", "a.img", "a.mgz", "a.nrrd", "a.nhdr", "a.mha", "a.mhd"]
)
def test_a_file_far_longer_than_its_header_says_is_refused_unread(tmp_path, name, monkeypatch):
    """At once, and without its memory: neither unpacked nor hashed."""
    import SimpleITK as sitk

    values = np.random.default_rng(0).integers(0, 50, (30, 30, 30)).astype(np.int16)
    path = tmp_path / name
    if path.suffix == ".img":
        nibabel.save(nibabel.Nifti1Pair(values, np.eye(4)), path)
    elif name in OF_NIBABEL or path.suffix == ".nii":
        nibabel.save(OF_NIBABEL.get(name, nibabel.Nifti1Image)(values, np.eye(4)), path)
    else:
        sitk.WriteImage(sitk.GetImageFromArray(values), str(path), False)
    voxels = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    os.truncate(voxels, 1 << 36)
    monkeypatch.setattr("humor.study.volume.check_file_size", lambda path, size: None)  # however much memory
    tracemalloc.start()
    begin = time.monotonic()
    try:
        with pytest.raises(InputError, match=rf"{voxels.name} has 68719 MB, and its header speaks of 0 MB"):
            read_volume(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert time.monotonic() - begin < 5
