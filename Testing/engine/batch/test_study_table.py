from __future__ import annotations

import os
from pathlib import Path

import pytest

from humor.batch.studies import LONGEST
from humor.batch.study_table import read_table
from humor.errors import UsageError


def table(folder: Path, text: str, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"not read here")
    path = folder / "studies.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_studies_with_paths_beside_the_table(tmp_path: Path) -> None:
    path = table(tmp_path, "study,t1,flair\nA,x/a.nii.gz,\nB,,b.nii\n", "x/a.nii.gz", "b.nii")
    studies, warnings = read_table(path)
    assert [(study.id, study.files) for study in studies] == [
        ("A", {"t1": tmp_path / "x/a.nii.gz"}),
        ("B", {"flair": tmp_path / "b.nii"}),
    ]
    assert warnings == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_save_is_understood(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeffStudy ID,T2,age\r\n Ä 1 ,b.nii,60\r\n,,\r\n".replace(",", delimiter)
    studies, warnings = read_table(table(tmp_path, text, "b.nii"))
    assert [study.id for study in studies] == ["Ä 1"]
    assert "'age'" in warnings[0]


def test_a_file_that_is_not_there_fails_its_study_only(tmp_path: Path) -> None:
    studies, _ = read_table(table(tmp_path, "study,t1\nA,a.nii\nB,b.nii\n", "b.nii"))
    assert "row 2: t1" in studies[0].problem and "does not exist" in studies[0].problem
    assert not studies[1].problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("study,t1\n", "lists no study"),
        ("t1,t2\na,b\n", "no column is called study"),
        ("study,flare\na,b\n", "no column is called t1 or t1c"),
        ("study,t1,T1\na,b,c\n", "two columns"),
        ("study,t1\n,a.nii\n", "row 2: the study has no name"),
        ("study,t1\nA,a.nii\nB,\n", "row 3: 'B' has no file"),
        ("study,t1\nA,a.nii\nA,a.nii\n", "row 3: 'A' is also the name of .*row 2"),
        ("study,t1\nA,a.nii\na,a.nii\n", "row 3: 'a' and 'A' .*row 2.* upper and lower case"),
        ("study,t1\nStraße,a.nii\nSTRASSE,a.nii\n", "row 3.* upper and lower case"),
        ("study,t1\nÄ,a.nii\nA\u0308,a.nii\n", "row 3"),
        ("study,t1\na/b,a.nii\n", "row 2: 'a/b'.*separates folders"),
        ("study,t1\na\\b,a.nii\n", "row 2.*separates folders"),
        ("study,t1\n..,a.nii\n", "row 2.*dot"),
        ("study,t1\nnul.1,a.nii\n", "row 2.*Windows"),
        ("study,t1\nvolumes.csv,a.nii\n", "row 2.*the batch has a file"),
        (f"study,t1\n{'x' * (LONGEST + 1)},a.nii\n", "row 2.*longer"),
        ('study,t1\n"A,a.nii\n', "cannot be read as CSV"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_table(table(tmp_path, text, "a.nii"))


def test_all_wrong_rows_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_table(table(tmp_path, "study,t1\n,a.nii\nB,\n", "a.nii"))
    assert "row 2" in str(caught.value) and "row 3" in str(caught.value)


def test_another_encoding_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "studies.csv"
    path.write_bytes("study,t1\nMüller,a.nii\n".encode("latin-1"))
    with pytest.raises(UsageError, match="CSV UTF-8"):
        read_table(path)


@pytest.mark.parametrize(
    ("column", "sequence"),
    [("T1CE", "t1c"), ("T1w", "t1"), ("T2_FLAIR", "flair"), ("T1Gd", "t1c"), ("flair_file", "flair")],
)
def test_other_names_of_sequences_are_understood(tmp_path: Path, column: str, sequence: str) -> None:
    studies, warnings = read_table(table(tmp_path, f"study,{column}\nA,a.nii\n", "a.nii"))
    assert list(studies[0].files) == [sequence] and warnings == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study,t1,T1 date post\nA,a.nii,x\n", "'T1 date post' seems to be a sequence"),
        ("study,t1,T1_FLAIR\nA,a.nii,x\n", "'T1_FLAIR' seems to be a sequence"),
        ("study,t1c,T1CE\nA,a.nii,x\n", "two columns"),
        ("study,t1,enhanced\nA,a.nii,b.nii.gz\n", "row 2: the column 'enhanced' holds images"),
    ],
)
def test_a_column_that_might_be_a_sequence_is_not_dropped(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_table(table(tmp_path, text, "a.nii"))


def test_masks_are_no_missed_sequences(tmp_path: Path) -> None:
    studies, warnings = read_table(table(tmp_path, "study,t1,seg\nA,a.nii,s.nii.gz\n", "a.nii"))
    assert list(studies[0].files) == ["t1"] and "'seg'" in warnings[0]


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("study,t1\n")
    os.truncate(path, 1 << 40)
    with pytest.raises(UsageError, match=r"table\.csv is too large for a table of studies"):
        read_table(path)
