from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humor.errors import InputError, UsageError
from humor.sequences import availability
from humor_training.cli import main
from humor_training.data import packing
from humor_training.data.coding import TOLERANCE
from humor_training.data.labelled_case import LabelledCase, read_about, read_case
from humor_training.data.labelled_study import LabelledStudy
from humor_training.data.layouts.folders import LABEL_FILE
from humor_training.data.loading import load_labelled
from humor_training.data.packing import INDEX, load_packed, pack

from .conftest import link

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def own(studies: Path, tmp_path: Path) -> Path:
    """Two studies that a test may change."""
    folder = tmp_path / "own"
    for name in ("patient0", "patient2"):
        for path in (studies / name).iterdir():
            copy = folder / name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def packed(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    lines: list[str] = []
    pack(studies, folder, processes=1, tell=lines.append)
    assert [line.partition(":")[0] for line in lines] == ["patient0", "patient1", "patient2"]
    return folder


def test_a_packed_case_holds_image_flags_and_labels_on_one_grid(plain_cases: list[LabelledCase]) -> None:
    case = plain_cases[2]
    assert case.available.tolist() == [False, True, True, True]
    assert case.image.shape[1:] == case.labels.shape
    assert not case.image[0].any()
    assert set(np.unique(case.labels)) == {0, 1, 2, 4}


def test_labels_lie_on_the_tumour_they_describe(plain_cases: list[LabelledCase]) -> None:
    case = plain_cases[0]
    flair, t1c = case.image[3].astype(float), case.image[1].astype(float)
    brain = case.image.any(axis=0)
    assert flair[case.labels == 2].mean() > flair[brain].mean() + 1
    assert t1c[case.labels == 4].mean() > t1c[brain].mean() + 1


def test_packed_cases_are_near_the_images(packed: Path, plain_cases: list[LabelledCase]) -> None:
    cases = load_packed(packed, packed)
    assert [case.name for case in cases] == ["patient0", "patient1", "patient2"]
    for a, exact in zip(cases, plain_cases, strict=True):
        np.testing.assert_array_equal(a.labels, exact.labels)
        np.testing.assert_array_equal(a.image != 0, exact.image != 0)
        assert np.abs(a.image.astype(float) - exact.image.astype(float)).max() < TOLERANCE + 0.004


def test_only_what_changed_is_packed_again(
    own: Path, made_up_case: LabelledCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def noted(study: LabelledStudy) -> LabelledCase:
        made.append(study.name)
        return replace(made_up_case, available=np.array(availability(study.files)))

    monkeypatch.setattr(packing, "load_labelled", noted)
    cache = tmp_path / "cache"
    first, second = load_packed(own, cache), load_packed(own, cache)
    assert made == ["patient0", "patient2"]
    np.testing.assert_array_equal(first[0].image, second[0].image)
    assert sorted(path.name for path in cache.iterdir()) == ["patient0.case.npz", "patient2.case.npz"]
    os.utime(own / "patient2" / "t2.nii.gz", ns=(1, 1))
    load_packed(own, cache)
    assert made[2:] == ["patient2"]
    (own / "patient0" / "t1.nii.gz").unlink()  # one sequence fewer
    assert load_packed(own, cache)[0].available.tolist() == [False, True, True, True]
    assert made[3:] == ["patient0"]
    (cache / "patient0.case.npz").write_bytes(b"half a file")
    load_packed(own, cache)
    assert made[4:] == ["patient0"]
    monkeypatch.setattr("humor_training.data.labelled_case.FORMAT", 99)
    load_packed(own, cache)
    assert made[5:] == ["patient0", "patient2"]


def test_a_packed_folder_needs_no_cache(packed: Path, tmp_path: Path) -> None:
    cases = load_packed(packed, tmp_path / "cache")
    assert [(case.name, case.patient) for case in cases] == [(f"patient{i}", f"patient{i}") for i in range(3)]
    assert not (tmp_path / "cache").exists()


def test_a_packed_folder_is_much_smaller_than_the_numbers_in_it(packed: Path) -> None:
    cases = load_packed(packed, packed)
    voxels = sum(int(np.count_nonzero(case.image)) for case in cases)
    stored = sum(path.stat().st_size for path in packed.glob("*.npz"))
    assert stored < 0.75 * voxels  # six bits for a voxel of noise and everything else; float16 is 16


def test_where_a_packed_case_comes_from_is_kept_without_folders(studies: Path, packed: Path) -> None:
    origin = read_about(packed / "patient0.case.npz")["origin"]
    content = (studies / "patient0" / LABEL_FILE).read_bytes()
    assert origin["sha256"][LABEL_FILE] == hashlib.sha256(content).hexdigest()
    assert origin["key"]["files"]["t2"][:2] == ["t2.nii.gz", (studies / "patient0/t2.nii.gz").stat().st_size]
    assert str(studies) not in json.dumps(origin)


def test_loading_a_packed_folder_imports_numpy_and_no_imaging_library(packed: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from humor_training.data.packing import load_packed\n"
        f"print(len(load_packed(Path({str(packed)!r}), Path('x'))))\n"
        "print(*{'nibabel', 'monai', 'torch', 'scipy', 'SimpleITK', 'numpy'} & set(sys.modules))"
    )
    paths = os.pathsep.join(str(REPOSITORY / name) for name in ("HUMoRSegment", "Training"))
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == ["3", "numpy"]


def test_a_packed_folder_that_was_copied_in_part_is_refused(packed: Path, tmp_path: Path) -> None:
    for name in (INDEX, "patient1.case.npz"):
        link(packed / name, tmp_path / name)
    with pytest.raises(InputError, match=r"2 of 3 packed cases are missing \(patient0"):
        load_packed(tmp_path, tmp_path)


def test_packing_that_stops_leaves_no_packed_folder(own: Path, tmp_path: Path) -> None:
    output = tmp_path / "packed"
    (own / "patient2" / "t2.nii.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"t2.nii.gz is empty"):
        pack(own, output, processes=1, tell=lambda line: None)
    assert (output / "patient0.case.npz").exists() and not (output / INDEX).exists()


def test_the_command_packs_the_same_with_two_processes_and_states_the_errors(
    own: Path, packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "packed"
    assert main(["pack", str(own), str(output), "--processes", "2"]) == 0
    assert re.search(
        r"2 cases, .* MB\. Intensities differ by at most 0\.06\d .*, 0\.0\d\d on average",
        capsys.readouterr().out,
    )
    for path in (output / "patient0.case.npz", output / "patient2.case.npz"):
        one, other = read_case(path), read_case(packed / path.name)
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_a_packed_folder_is_not_packed_again(packed: Path, studies: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="packed already"):
        pack(packed, tmp_path)
    with pytest.raises(UsageError, match="folder to pack into"):
        pack(studies, studies)


def test_real_labels_lie_on_real_cases(shared_data: Path) -> None:
    case = load_labelled(shared_data / "two_sequences" / "BRATS2013_pat0001")
    assert case.available.tolist() == [False, True, False, True]
    enhancing = case.image[1][case.labels == 4].astype(float)
    assert enhancing.mean() > case.image[1][case.image.any(axis=0)].astype(float).mean()


def test_a_real_case_takes_less_than_two_megabytes(shared_data: Path, tmp_path: Path) -> None:
    name = "Brats18_TCIA10_639_1"
    link_all = tmp_path / "data" / name
    link_all.parent.mkdir()
    link_all.symlink_to(shared_data / "train" / name, target_is_directory=True)
    (case,) = load_packed(tmp_path / "data", tmp_path / "cache")
    stored = tmp_path / "cache" / f"{name}.case.npz"
    assert stored.stat().st_size < 1.3e6
    assert case.patient == "Brats18_TCIA10_639"
    told = read_about(stored)["sequences"].values()
    assert max(said["max_error"] for said in told) < TOLERANCE + 0.002
    assert np.mean([said["mean_error"] for said in told]) < 0.05
