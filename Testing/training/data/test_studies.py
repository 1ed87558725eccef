from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from humor.errors import InputError, UsageError
from humor_training.data.labelled_case import LabelledCase
from humor_training.data.labelled_study import SequenceFile, patient_of
from humor_training.data.layouts.dataset_json import read_dataset
from humor_training.data.layouts.folders import LABEL_FILE, study_files
from humor_training.data.loading import load_labelled
from humor_training.data.studies import find_studies

from .conftest import link
from .layouts_on_disk import DECATHLON_JSON, LAYOUTS, NNUNET_JSON, brats_2018, brats_2023, own_names

EXPECTED = {
    "brats-2018": [("Brats18_X_7_1", "Brats18_X_7", 4), ("Brats18_Y_8_1", "Brats18_Y_8", 4)],
    "brats-2023": [
        ("BraTS-GLI-00005-000", "BraTS-GLI-00005", 4),
        ("BraTS-GLI-00005-001", "BraTS-GLI-00005", 4),
        ("BraTS-GLI-00006-000", "BraTS-GLI-00006", 3),
    ],
    "decathlon": [("BRATS_001", "BRATS_001", 4), ("BRATS_002", "BRATS_002", 4)],
    "nnunet": [("tumour_0", "tumour_0", 4), ("tumour_1", "tumour_1", 4), ("tumour_2", "tumour_2", 3)],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_found_by_itself_and_gives_the_same_cases_as_the_plain_one(
    studies: Path, plain_cases: list[LabelledCase], tmp_path: Path, layout: str
) -> None:
    LAYOUTS[layout](studies, tmp_path)
    found = find_studies(tmp_path)
    assert found.layout == layout
    assert [(study.name, study.patient, len(study.files)) for study in found.studies] == EXPECTED[layout]
    last = len(found.studies) - 1  # without T1 where the layout allows it
    case, plain = load_labelled(found.studies[last]), plain_cases[last]
    assert case.available.tolist() == plain.available.tolist()
    np.testing.assert_array_equal(case.labels, plain.labels)
    np.testing.assert_array_equal(case.image, plain.image)
    assert (case.name, case.patient) == EXPECTED[layout][last][:2]


def test_the_plain_layout_is_a_folder_per_patient(studies: Path) -> None:
    found = find_studies(studies)
    assert found.layout == "plain"
    assert list(found.studies[2].files) == ["t1c", "t2", "flair"]
    assert found.studies[2].files["t2"] == SequenceFile(studies / "patient2" / "t2.nii.gz")


def test_studies_without_a_label_are_left_out_and_named(studies: Path, tmp_path: Path) -> None:
    brats_2018(studies, tmp_path)
    assert find_studies(tmp_path).unlabelled == ("Brats18_Z_9_1",)


def test_own_names_are_told_by_a_pattern(studies: Path, tmp_path: Path) -> None:
    own_names(studies, tmp_path / "images")
    description = tmp_path / "mine.json"
    names = {"t1": "pre", "t1c": "post", "t2": "T2", "flair": "T2FL", "label": "tumour"}
    pattern = "{patient}/{study}/scan_{sequence}.nii.gz"
    description.write_text(json.dumps({"root": "images", "pattern": pattern, "names": names}))
    found = find_studies(description)
    assert [(study.name, study.patient) for study in found.studies] == [
        ("case0_visit0", "case0"),
        ("case0_visit1", "case0"),
        ("case1_visit0", "case1"),
    ]
    assert found.studies[0].files["flair"].path.name == "scan_T2FL.nii.gz"
    assert list(found.studies[2].files) == ["t1c", "t2", "flair"]


def test_a_pattern_works_in_place_of_a_layouts_name(studies: Path) -> None:
    found = find_studies(studies, "{patient}/{sequence}.nii.gz")
    assert [study.patient for study in found.studies] == ["patient0", "patient1", "patient2"]
    assert [len(study.files) for study in found.studies] == [4, 4, 3]


@pytest.mark.parametrize(
    "pattern", ["{sequence}.nii.gz", "{patient}/{place}_{sequence}.nii", "{patient}.nii"]
)
def test_a_pattern_that_cannot_work_is_refused(studies: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        find_studies(studies, pattern)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_list_names_files_relative_to_itself(
    studies: Path, plain_cases: list[LabelledCase], tmp_path: Path, kind: str
) -> None:
    for index in (0, 2):
        source = studies / f"patient{index}"
        for path in [*study_files(source).values(), source / LABEL_FILE]:
            link(path, tmp_path / "images" / source.name / path.name)
    rows = [
        {"patient": "p", "study": f"p_{i}", "t1": f"images/patient{i}/t1.nii.gz" if i == 0 else ""}
        | {key: f"images/patient{i}/{key}.nii.gz" for key in ("t1c", "t2", "flair")}
        | {"label": f"images/patient{i}/seg.nii.gz", "age": "50"}
        for i in (0, 2)
    ]
    path = tmp_path / f"list.{kind}"
    if kind == "csv":
        path.write_text("\n".join(",".join(row) for row in [list(rows[0]), *(r.values() for r in rows)]))
    else:
        path.write_text(json.dumps({"studies": rows, "label_values": {"1": 1, "2": 2, "4": 4}}))
    found = find_studies(path)
    assert [(s.name, s.patient, len(s.files)) for s in found.studies] == [("p_0", "p", 4), ("p_2", "p", 3)]
    assert found.studies[0].label_values == ({1: 1, 2: 2, 4: 4} if kind == "json" else None)
    case, plain = load_labelled(found.studies[1]), plain_cases[2]
    np.testing.assert_array_equal(case.image, plain.image)
    np.testing.assert_array_equal(case.labels, plain.labels)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patient,t1ce,label\nx,a.nii,b.nii", "call the column 't1ce' 't1c'"),
        ("patient,t1,label\n,a.nii,b.nii", "entry 1 has no patient"),
        ("patient,t1,label\nx,a.nii,", "none has a label map"),
        ("patient,t1,label\nx,a.nii,b.nii\nx,c.nii,d.nii", "x stand for more than one study"),
        ("patient,t1,label\nx/y,a.nii,b.nii", "without slashes"),
        ("patient,t1,label\n", "no labelled study"),
    ],
)
def test_a_list_that_cannot_be_used_says_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        find_studies(tmp_path / "list.csv")


@pytest.mark.parametrize(
    "text", ["{", '"a"', '{"studies": [1]}', '{"label_values": {"1": 9}, "studies": []}']
)
def test_a_json_file_that_is_no_list_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.json").write_text(text)
    with pytest.raises(InputError, match=r"list.json"):
        find_studies(tmp_path / "list.json")


def test_a_folder_of_something_else_says_what_is_there_and_the_ways_out(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(
        InputError, match=r"1 entries \(holiday.jpg\).*plain:.*nnunet:.*CSV or JSON list.*pattern"
    ):
        find_studies(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        find_studies(tmp_path / "nothing")


def test_a_folder_with_images_and_no_labels_says_which_labels_are_missing(
    studies: Path, tmp_path: Path
) -> None:
    link(studies / "patient0" / "t1.nii.gz", tmp_path / "p" / "t1.nii.gz")
    with pytest.raises(InputError, match=r"1 studies \(p\) were found as plain.*PATIENT/seg.nii.gz"):
        find_studies(tmp_path)


def test_two_layouts_in_one_folder_are_refused(studies: Path, tmp_path: Path) -> None:
    brats_2018(studies, tmp_path)
    brats_2023(studies, tmp_path)
    with pytest.raises(InputError, match="2 studies as brats-2018, 3 studies as brats-2023"):
        find_studies(tmp_path)
    assert len(find_studies(tmp_path, "brats-2023").studies) == 3
    with pytest.raises(UsageError, match="no such layout"):
        find_studies(tmp_path, "brats-1999")


def test_paediatric_labels_are_not_guessed(studies: Path, tmp_path: Path) -> None:
    name = "BraTS-PED-00001-000"
    for ending, source in (("t1c", "t1c"), ("seg", "seg")):
        link(studies / "patient0" / f"{source}.nii.gz", tmp_path / name / f"{name}-{ending}.nii.gz")
    with pytest.raises(InputError, match="BraTS-PED differ between releases"):
        find_studies(tmp_path)


def test_a_resection_cavity_is_no_tumour(studies: Path, tmp_path: Path) -> None:
    brats_2023(studies, tmp_path)
    assert find_studies(tmp_path).studies[0].label_values == {1: 1, 2: 2, 3: 4, 4: 0}


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (DECATHLON_JSON["labels"], {1: 2, 2: 1, 3: 4}),
        (NNUNET_JSON["labels"], {1: 2, 2: 1, 3: 4}),
        ({"background": 0, "ET": 3, "TC": [1, 3], "WT": [1, 2, 3]}, {1: 1, 2: 2, 3: 4}),
        ({"background": 0, "NCR": 1, "peritumoral_oedema": 2, "enhancing_tumor": 3}, {1: 1, 2: 2, 3: 4}),
        (
            {"0": "background", "1": "necrotic and non-enhancing tumor core", "2": "ED", "4": "ET"},
            {1: 1, 2: 2, 4: 4},
        ),
        ({"background": 0, "NETC": 1, "SNFH": 2, "ET": 3, "resection cavity": 4}, {1: 1, 2: 2, 3: 4, 4: 0}),
    ],
)
def test_label_names_are_understood(tmp_path: Path, labels: dict, values: dict[int, int]) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps({"modality": {"0": "T1"}, "labels": labels}))
    assert read_dataset(tmp_path).label_values == values


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"modality": {"0": "MRI"}, "labels": {}}, "'MRI', which tells no sequence"),
        ({"modality": {"0": "T1", "1": "T1w"}, "labels": {}}, "two channels"),
        ({"modality": {"0": "T1"}, "labels": {"1": "liver"}}, "'liver' is not understood"),
        ({"labels": {}}, "needs channel_names"),
    ],
)
def test_a_data_set_file_that_is_not_understood_says_why(tmp_path: Path, content: dict, said: str) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=said):
        read_dataset(tmp_path)


def test_a_missing_channel_is_told_by_the_file_it_should_be_in(studies: Path, tmp_path: Path) -> None:
    LAYOUTS["decathlon"](studies, tmp_path)
    content = {**DECATHLON_JSON, "modality": {"0": "FLAIR", "4": "T1w"}}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"BRATS_001.nii.gz has 4 channels.*channel 4"):
        load_labelled(find_studies(tmp_path).studies[0])


@pytest.mark.parametrize(
    ("study", "patient"),
    [
        ("BraTS-GLI-00000-000", "BraTS-GLI-00000"),
        ("BraTS-MET-00012-003", "BraTS-MET-00012"),
        ("Brats18_TCIA01_201_1", "Brats18_TCIA01_201"),
        ("BraTS19_CBICA_AAB_1", "BraTS19_CBICA_AAB"),
        ("BraTS20_Training_001", "BraTS20_Training_001"),
        ("BraTS2021_00006", "BraTS2021_00006"),
        ("patient_1", "patient_1"),
    ],
)
def test_time_points_are_told_from_patients(study: str, patient: str) -> None:
    assert patient_of(study) == patient
