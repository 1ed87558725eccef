from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from humor.errors import InputError
from humor_training.cli import main
from humor_training.data.checking import Finding, Severity, check, counts, table
from humor_training.data.studies import find_studies

from .layouts_on_disk import decathlon

Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture
def data(studies: Path, tmp_path: Path) -> Path:
    """Copies of two patients, the second without T1."""
    for name in ("patient0", "patient2"):
        for path in (studies / name).iterdir():
            copy = tmp_path / "data" / name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return tmp_path / "data"


def change(path: Path, how: Change, affine: np.ndarray | None = None) -> None:
    """Write a file anew with other voxels, and perhaps another place."""
    image = nibabel.load(path)
    values = how(np.asanyarray(image.dataobj).copy())
    nibabel.save(nibabel.Nifti1Image(values, image.affine if affine is None else affine), path)


def same(values: np.ndarray) -> np.ndarray:
    return values


def one_value(values: np.ndarray) -> np.ndarray:
    return np.ones_like(values)


def infinite(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    values[3, 3, 3] = np.inf
    return values


def unknown_label(values: np.ndarray) -> np.ndarray:
    values[values == 2] = 9
    return values


def in_the_air(values: np.ndarray) -> np.ndarray:
    result = np.zeros_like(values)
    result[:4, :4, :4] = 2
    return result


def a_sixth_in_the_air(values: np.ndarray) -> np.ndarray:
    corner = values[:20, :20, :20].ravel()
    corner[: int(np.count_nonzero(values)) // 5] = 2
    values[:20, :20, :20] = corner.reshape(20, 20, 20)
    return values


def found_in(data: Path) -> list[tuple[str, str, str]]:
    findings = [f for f in check(find_studies(data)) if f.severity is not Severity.INFO]
    return [(f.severity.value, f.study, f.what) for f in findings]


def test_good_data_have_only_missing_sequences(data: Path) -> None:
    assert check(find_studies(data)) == [Finding(Severity.INFO, "patient2", "", "has no T1")]


@pytest.mark.parametrize(
    ("file", "how", "expected"),
    [
        ("t2", one_value, ("error", "patient0", "t2")),
        ("flair", infinite, ("error", "patient0", "flair")),
        ("seg", unknown_label, ("error", "patient0", "label")),
        ("seg", np.zeros_like, ("warning", "patient0", "label")),
        ("seg", in_the_air, ("error", "patient0", "label")),
        ("seg", a_sixth_in_the_air, ("warning", "patient0", "label")),
    ],
)
def test_a_file_that_cannot_be_used_is_found(
    data: Path, file: str, how: Change, expected: tuple[str, str, str]
) -> None:
    change(data / "patient0" / f"{file}.nii.gz", how)
    assert found_in(data) == [expected]


def test_a_truncated_file_is_found(data: Path) -> None:
    path = data / "patient2" / "t1c.nii.gz"
    path.write_bytes(path.read_bytes()[:5000])
    (finding,) = [f for f in check(find_studies(data)) if f.severity is Severity.ERROR]
    assert (finding.study, finding.what) == ("patient2", "t1c")
    assert "t1c.nii.gz is damaged or truncated" in finding.message


def test_files_of_a_list_that_are_missing_are_found(data: Path) -> None:
    row = {"patient": "p", "t1": "data/patient0/t1.nii.gz", "t2": "no.nii.gz", "label": "nowhere.nii.gz"}
    path = data.parent / "list.json"
    path.write_text(json.dumps([row]))
    assert found_in(path) == [("error", "p", "label"), ("error", "p", "t2")]


def test_a_label_map_elsewhere_in_space_is_an_error(data: Path) -> None:
    path = data / "patient0" / "seg.nii.gz"
    affine = nibabel.load(path).affine.copy()
    affine[0, 3] += 4 * np.linalg.norm(affine[:3, 0])  # a whole number of voxels, as a lost origin may be
    change(path, same, affine)
    findings = check(find_studies(data))
    assert (findings[0].severity, findings[0].what) == (Severity.ERROR, "label")
    assert "12.0 mm apart" in findings[0].message


def test_a_label_map_stored_in_another_order_of_axes_is_fine(data: Path) -> None:
    path = data / "patient0" / "seg.nii.gz"
    image = nibabel.load(path)
    turned = image.as_reoriented(nibabel.orientations.axcodes2ornt(("P", "S", "R")))
    assert turned.shape != image.shape or not np.allclose(turned.affine, image.affine)
    nibabel.save(nibabel.Nifti1Image(np.asarray(turned.dataobj), turned.affine), path)
    assert found_in(data) == []


def test_a_label_map_on_a_coarser_grid_is_a_warning(data: Path) -> None:
    path = data / "patient0" / "seg.nii.gz"
    affine = nibabel.load(path).affine @ np.diag([2, 2, 2, 1.0])
    affine[:3, 3] += 0.7
    change(path, lambda values: values[::2, ::2, ::2], affine)
    assert found_in(data) == [("warning", "patient0", "label")]


def test_one_patient_under_two_names_is_an_error_even_in_other_numbers(data: Path) -> None:
    (data / "patient9").mkdir()
    for name in ("t1c", "flair", "seg"):
        source, copy = data / "patient2" / f"{name}.nii.gz", data / "patient9" / f"{name}.nii.gz"
        copy.write_bytes(source.read_bytes())
        if name == "flair":
            change(copy, lambda values: values.astype(np.float64))
    findings = [f for f in check(find_studies(data)) if f.severity is Severity.ERROR]
    assert [(f.study, f.what) for f in findings] == [("patient9", "flair"), ("patient9", "t1c")]
    assert "same image as" in findings[0].message and "of patient2" in findings[0].message


def test_a_sequence_given_twice_is_an_error(data: Path) -> None:
    (data / "patient2" / "t1.nii.gz").write_bytes((data / "patient2" / "t1c.nii.gz").read_bytes())
    assert found_in(data) == [("error", "patient2", "t1c")]


def test_the_same_image_at_two_times_of_a_patient_is_a_warning(data: Path) -> None:
    rows = [
        {
            "patient": "p",
            "study": visit,
            "t1c": "data/patient0/t1c.nii.gz",
            "label": "data/patient0/seg.nii.gz",
        }
        for visit in ("first", "second")
    ]
    path = data.parent / "list.json"
    path.write_text(json.dumps(rows))
    assert found_in(path) == [("warning", "second", "t1c")]


def test_a_folder_with_a_label_alone_is_an_error(data: Path) -> None:
    for path in (data / "patient2").glob("*[!g].nii.gz"):
        path.unlink()
    assert found_in(data) == [("error", "patient2", "")]


def test_channels_of_one_file_are_checked_one_by_one(studies: Path, tmp_path: Path) -> None:
    decathlon(studies, tmp_path)
    path = tmp_path / "imagesTr" / "BRATS_002.nii.gz"

    def flat_t2(values: np.ndarray) -> np.ndarray:
        values[..., 3] = 0
        return values

    change(path, flat_t2)
    (finding,) = [f for f in check(find_studies(tmp_path)) if f.severity is not Severity.INFO]
    assert (finding.severity, finding.study, finding.what) == (Severity.ERROR, "BRATS_002", "t2")
    assert "BRATS_002.nii.gz (channel 3)" in finding.message


def test_the_table_lines_up_and_counts() -> None:
    findings = [
        Finding(Severity.ERROR, "long name", "t1", "one"),
        Finding(Severity.INFO, "x", "", "two"),
    ]
    assert table(findings).split("\n") == [
        "severity  study      what  message",
        "error     long name  t1    one",
        "info      x                two",
    ]
    assert counts(findings) == {Severity.ERROR: 1, Severity.WARNING: 0, Severity.INFO: 1}
    assert table([]) == ""


def test_the_command_prints_the_table_and_ends_with_an_error(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(data)]) == 0
    assert "2 studies of 2 patients (layout plain), error 0, warning 0, info 1" in capsys.readouterr().out
    change(data / "patient0" / "t2.nii.gz", one_value)
    output = data.parent / "table.csv"
    assert main(["check", str(data), "--csv", str(output)]) == InputError.exit_code
    shown = capsys.readouterr()
    assert "1 errors; see the table" in shown.err and "t2.nii.gz" in shown.out
    with output.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["severity", "study", "what", "message"]
    assert rows[1][:3] == ["error", "patient0", "t2"]


def test_real_data_pass(shared_data: Path) -> None:
    findings = check(find_studies(shared_data / "two_sequences"))
    assert {f.severity for f in findings} == {Severity.INFO}
    assert {f.message for f in findings} == {"has no T1, T2"}
