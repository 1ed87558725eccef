"""MetaImage and NRRD: the text header is checked before ITK sees it, and detached data stay beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from humor.errors import InputError
from humor.study.itk_header import check_header
from humor.study.study import read_volume

NAMES = ["a.mha", "a.mhd", "a.nrrd", "a.nhdr"]


@pytest.fixture
def written(phantom: Any) -> Any:
    """Writes the phantom to a name, with or without compression; gives the header's file."""
    import SimpleITK as sitk

    def write(name: str, compressed: bool = False) -> Path:
        path = phantom.write("source.nrrd", phantom.grid())
        sitk.WriteImage(sitk.ReadImage(str(path)), str(phantom.folder / name), useCompression=compressed)
        return Path(phantom.folder / name)

    return write


def _replace(path: Path, field: str, line: str) -> Path:
    """The header with the line of ``field`` replaced, and added before the last field if it has none."""
    content = path.read_bytes()
    pattern = rb"(?m)^" + field.encode() + rb"[ :=].*\n"
    assert re.search(pattern, content), field
    path.write_bytes(re.sub(pattern, (line + "\n").encode() if line else b"", content, count=1))
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compressed", [False, True])
def test_what_itk_writes_is_read(written: Any, phantom: Any, name: str, compressed: bool) -> None:
    volume = read_volume(written(name, compressed))
    assert np.array_equal(volume.data, phantom.paint(phantom.grid()).astype(np.int16))
    assert volume.warnings == ()


META = [
    ("NDims", "NDims = 99", "NDims 99"),
    ("NDims", "NDims = 0", "NDims"),
    ("NDims", "NDims = 1e9", "NDims"),
    ("NDims", "NDims = 3\nNDims = 99", "NDims twice"),
    ("NDims", "", "NDims"),
    ("DimSize", "DimSize = 10 11", "DimSize"),
    ("DimSize", "DimSize = 10 11 -12", "DimSize"),
    ("DimSize", "DimSize = 100000 100000 100000", "voxels"),
    ("DimSize", "DimSize = 4000 4000 4000", "truncated or damaged"),
    ("ElementType", "ElementType = MET_%s%n", "ElementType"),
    ("ElementType", "ElementType = MET_USHORT_ARRAY", "ElementType"),
    ("ElementSpacing", "ElementSpacing = 1 nan 1", "ElementSpacing"),
    ("TransformMatrix", "TransformMatrix = 1 0 0", "TransformMatrix"),
    ("Offset", "Offset = 0 0 x", "Offset"),
    ("ObjectType", "ObjectType = Scene", "Scene"),
]
FILES = ["%s%s%s%n", "scan%03d.raw 1 9 1", "LIST", "LIST 2", "../a.raw", "/dev/zero", "sub/a.raw", "..", ""]


@pytest.mark.parametrize(("field", "line", "message"), META)
@pytest.mark.parametrize("name", ["a.mha", "a.mhd"])
def test_metaimage_headers_are_checked(written: Any, name: str, field: str, line: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"{name}.*{message}"):
        read_volume(_replace(written(name), field, line))


NRRD = [
    ("dimension", "dimension: 99", "dimension 99"),
    ("dimension", "dimension: -3", "dimension"),
    ("dimension", "dimension: 3\ndimension: 3", "dimension twice"),
    ("sizes", "sizes: 10 11", "sizes"),
    ("sizes", "sizes: 10 0 11", "sizes"),
    ("sizes", "sizes: 99999 99999 99999", "voxels"),
    ("sizes", "sizes: 4000 4000 4000", "truncated or damaged"),
    ("type", "type: block", "type"),
    ("type", "type: %s%n", "type"),
    ("encoding", "encoding: zzz", "encoding"),
    ("space directions", "space directions: (1,0) (0,1,0) (0,0,1)", "space directions"),
    ("space origin", "space origin: (nan,0,0)", "space origin"),
]


@pytest.mark.parametrize(("field", "line", "message"), NRRD)
@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
def test_nrrd_headers_are_checked(written: Any, name: str, field: str, line: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"{name}.*{message}"):
        read_volume(_replace(written(name), field, line))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("name", "field", "sign"), [("a.mhd", "ElementDataFile", " ="), ("a.nhdr", "data file", ":")]
)
def test_only_a_plain_file_beside_the_header_holds_the_voxels(
    written: Any, tmp_path: Path, file: str, name: str, field: str, sign: str
) -> None:
    path = written(name)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.raw").write_bytes((tmp_path / "a.raw").read_bytes())
    # An empty name in NRRD: the voxels would follow in the header's own file.
    message = "truncated" if not file and name == "a.nhdr" else "only a plain file beside it"
    with pytest.raises(InputError, match=rf"{name}.*{message}"):
        read_volume(_replace(path, field, f"{field}{sign} {file}"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["a.mhd", "a.nhdr"])
def test_pipes_devices_and_folders_in_the_place_of_the_voxels_are_refused(
    written: Any, tmp_path: Path, name: str
) -> None:
    path, data = written(name), tmp_path / "a.raw"
    data.unlink()
    for make in (lambda: os.mkfifo(data), lambda: data.symlink_to("/dev/zero"), data.mkdir):
        make()
        with pytest.raises(InputError, match=rf"{name}.*not a plain file"):
            read_volume(path)
        data.rmdir() if data.is_dir() else data.unlink()
    with pytest.raises(InputError, match=rf"{name}.*a.raw, cannot be read"):
        read_volume(path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compressed", [False, True])
def test_too_little_data_are_noticed_before_itk_allocates(written: Any, name: str, compressed: bool) -> None:
    path = written(name, compressed)
    (data,) = [path] if name in ("a.mha", "a.nrrd") else [
        each for each in path.parent.iterdir() if ".raw" in each.name or ".zraw" in each.name
    ]  # fmt: skip
    data.write_bytes(data.read_bytes()[: 1100 if data == path else 20])
    with pytest.raises(InputError, match=rf"{name} is truncated or damaged"):
        check_header(path)


def test_a_header_that_crashes_itk_does_not_crash_us(written: Any) -> None:
    path = _replace(written("a.mhd"), "NDims", "NDims = 99")
    code = (
        "import sys; from humor.study.study import read_volume; from humor.errors import InputError\n"
        "try: read_volume(sys.argv[1])\nexcept InputError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "refused")


def test_a_header_without_directions_is_said(written: Any) -> None:
    nrrd = _replace(_replace(written("a.nrrd"), "space directions", "spacings: 1 1.5 2"), "space", "")
    nrrd = _replace(_replace(nrrd, "space origin", ""), "kinds", "")
    meta = _replace(written("a.mha"), "TransformMatrix", "")
    for path in (nrrd, meta):
        volume = read_volume(path)
        assert "does not say how the image lies" in str(volume.warnings[0])
        assert np.allclose(np.sign(np.diag(volume.grid.affine)), [-1, -1, 1, 1])
    assert np.allclose(read_volume(nrrd).grid.spacing, [1, 1.5, 2])


def test_units_of_a_nrrd_that_are_not_millimetres_are_said(written: Any) -> None:
    path = _replace(written("a.nrrd"), "kinds", 'space units: "um" "um" "um"')
    assert "lengths in um" in str(read_volume(path).warnings[0])
