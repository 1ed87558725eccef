"""What names say."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.study.names_of_sequences import WANTED
from humor.study.file_names import read_name, read_names

TABLE = Path("cases/file_names.tsv")
AS_UNCLEAR = 5
"""So many names of the table more than its own may be asked about, instead of being told."""


def said(kind: str) -> str:
    """A kind as ``humor inspect`` says it."""
    return {"mask": "other", "unknown": "unclear", "channel": "unclear"}.get(kind, kind)


@pytest.mark.parametrize(
    ("sequence", "name"), [(kind, name) for kind, names in WANTED.items() for name in names]
)
def test_names_mean_what_people_mean_by_them(sequence: str, name: str) -> None:
    for ending in (".nii.gz", ".mha"):
        reading = read_name(name + ending)
        assert said(reading.kind) == sequence, reading.reason
        assert reading.reason


def test_the_table_of_real_names_is_read_right(shared_data: Path) -> None:
    table = shared_data.parent / TABLE
    if not table.is_file():
        pytest.skip(f"{table} is not here")
    lines = [
        line for line in table.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    wrong: list[str] = []
    asked: list[str] = []
    for name, wanted in (line.split("\t") for line in lines):
        kind = said(read_name(name).kind)
        if kind != wanted:
            (asked if kind == "unclear" else wrong).append(f"{name}: {wanted}, read as {kind}")
    assert len(lines) > 100
    assert wrong == []
    assert len(asked) <= AS_UNCLEAR, asked


@pytest.mark.parametrize("kind", ["mask", "other", "channel", "unknown"])
def test_kinds_that_are_no_sequence_are_told_apart(kind: str) -> None:
    names = {"mask": "t1_seg", "other": "adc", "channel": "BRATS_001_0003", "unknown": "abc"}
    assert read_name(names[kind] + ".nii.gz").kind == kind


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        # a time point, not a sequence
        (["T1_T1w", "T1_T2w", "T1_FLAIR"], ["t1", "t2", "flair"]),
        (["T2_t1", "T2_t1ce", "T2_flair"], ["t1", "t1c", "flair"]),
        # but here it is one
        (["T1_pre", "T1_post"], ["t1", "t1c"]),
        (["T1_ax", "T1_sag_gd"], ["t1", "t1c"]),
        # the name of a data set, not a mask
        (["TumorSeg_001_t1", "TumorSeg_001_flair"], ["t1", "flair"]),
        (["mask_t1", "mask_t2"], ["mask", "mask"]),
        (["tumor_001_t1", "tumor_001_seg"], ["t1", "mask"]),
    ],
)
def test_what_all_names_begin_with_is_weighed_by_what_follows(names: list[str], kinds: list[str]) -> None:
    assert [reading.kind for reading in read_names([f"{name}.nii" for name in names])] == kinds


def test_a_file_that_begins_with_its_folders_name_is_read_behind_it() -> None:
    assert read_names(["PerfSeg_07_t1.nii"], "PerfSeg_07")[0].kind == "t1"
    assert read_names(["PerfSeg_07_t1.nii"])[0].kind != "t1"


def test_a_contrast_word_in_all_names_is_said_to_be_one() -> None:
    first, second = read_names(["gd_patient_T1.nii", "gd_patient_T2.nii"])
    assert first.by_contrast and second.kind == "t2"
    assert not read_names(["patient_T1_gd.nii", "patient_T2.nii"])[0].by_contrast
