"""The hashes are those of the bytes that were read."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest

from humor.errors import InputError
from humor.study import study as reading
from humor.study.channels import Channel
from humor.study.study import read_volume
from humor.study.volume import Volume, data_files, watched


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha", "a.mhd", "a.nhdr"])
def test_every_format_tells_what_was_read(phantom, name):
    path = phantom.write(name, phantom.grid())
    sources = read_volume(path).sources
    others = sorted(set(phantom.folder.iterdir()) - {path})
    assert [source.path for source in sources] == [path, *others]
    assert len(sources) == (2 if name in ("a.mhd", "a.nhdr") else 1)
    for source in sources:
        data = source.path.read_bytes()
        assert (source.size, source.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("name", ["a.nii.gz", "a.mhd"])
@pytest.mark.parametrize("how", ["written over", "replaced", "touched"])
def test_a_file_that_changes_while_it_is_read_is_refused(phantom, monkeypatch, name, how):
    path = phantom.write(name, phantom.grid())
    changed = path if name == "a.nii.gz" else data_files(path)[0]
    reader = reading._reader(path)

    def meddle(given: Path, channel: Channel | None) -> Volume:
        volume = reader(given, channel)
        data = changed.read_bytes()
        if how == "written over":
            changed.write_bytes(data)
        elif how == "replaced":
            changed.with_suffix(".new").write_bytes(data)
            os.replace(changed.with_suffix(".new"), changed)
        os.utime(changed, (1, 1))
        return volume

    monkeypatch.setattr(reading, "_reader", lambda given: meddle)
    with pytest.raises(InputError, match=rf"{changed.name} changed while it was read"):
        read_volume(path)


def test_a_file_that_is_replaced_all_the_time_never_gets_a_hash_of_something_else(phantom):
    """Two images take turns under one name; the hash fits the voxels, or the file is refused."""
    one = phantom.write("one.nii", phantom.grid())
    two = phantom.write("two.nii", phantom.grid(), seed=1)
    hashes = {hashlib.sha256(file.read_bytes()).hexdigest(): read_volume(file).data for file in (one, two)}
    assert len(hashes) == 2
    shared, stop = phantom.folder / "shared.nii", threading.Event()
    shared.write_bytes(one.read_bytes())

    def swap() -> None:
        while not stop.is_set():
            for file in (two, one):
                fresh = phantom.folder / "fresh.nii"
                fresh.write_bytes(file.read_bytes())
                os.replace(fresh, shared)
                time.sleep(0.02)

    thread = threading.Thread(target=swap)
    thread.start()
    read = refused = 0
    try:
        end = time.monotonic() + 20
        while (read < 5 or refused < 1) and time.monotonic() < end:
            try:
                volume = read_volume(shared)
            except InputError:
                refused += 1
                continue
            read += 1
            assert (volume.data == hashes[volume.sources[0].sha256]).all()
    finally:
        stop.set()
        thread.join()
    assert read >= 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.mhd", "ElementDataFile = LOCAL"),
        ("a.mhd", "ElementDataFile = ../elsewhere.raw"),
        ("a.mhd", "ElementDataFile = /etc/passwd"),
        ("a.mhd", "nothing"),
        ("a.nhdr", "data file: LIST"),
        ("a.nhdr", "data file: "),
        ("a.nii", "ElementDataFile = a.raw"),
    ],
)
def test_only_plain_files_beside_a_header_hold_its_data(tmp_path, name, text):
    (tmp_path / "a.raw").write_bytes(b"voxels")
    (tmp_path / name).write_text(text)
    assert data_files(tmp_path / name) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.hdr", "a.img"), ("a.hdr.gz", "a.img.gz"), ("A.HDR", "A.IMG")],
)
def test_pairs_of_header_and_voxels_belong_together(tmp_path, one, other):
    for name in (one, other, "b.hdr", "b.img"):
        (tmp_path / name).write_bytes(b"x")
    assert data_files(tmp_path / one) == [tmp_path / other]
    assert data_files(tmp_path / other) == [tmp_path / one]


@pytest.mark.parametrize("name", ["a.img", "a.hdr", "a.img.gz"])
def test_of_a_pair_both_files_are_hashed(tmp_path, name):
    values = np.random.default_rng(0).normal(100, 20, (10, 10, 10)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Pair(values, np.diag([3.0, 3, 3, 1])), tmp_path / name.replace("hdr", "img"))
    sources = read_volume(tmp_path / name).sources
    assert sources[0].path == tmp_path / name
    assert {source.path for source in sources} == set(tmp_path.iterdir()) and len(sources) == 2
    for source in sources:
        assert source.sha256 == hashlib.sha256(source.path.read_bytes()).hexdigest()


def test_where_spm_says_that_a_pair_lies_is_hashed(tmp_path):
    """Its file of a matrix moves the image, so that another one gives another result."""
    values = np.random.default_rng(0).normal(100, 20, (10, 10, 10)).astype(np.float32)
    nibabel.save(nibabel.Spm2AnalyzeImage(values, np.diag([2.0, 2, 2, 1])), tmp_path / "a.img")
    names = [source.path.name for source in read_volume(tmp_path / "a.img").sources]
    assert names == ["a.img", "a.hdr", "a.mat"]


def test_a_file_that_is_gone_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"), watched(tmp_path / "nowhere.nii"):
        pass
