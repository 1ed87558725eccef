from __future__ import annotations

from typing import Any

import pytest

from humor.study.acquisition import Acquisition
from humor.study.evidence import Evidence, weigh_evidence

MPRAGE: dict[str, Any] = {
    "repetition_ms": 2300,
    "echo_ms": 3,
    "inversion_ms": 900,
    "scanning": frozenset({"GR", "IR"}),
}
T2: dict[str, Any] = {"repetition_ms": 4000, "echo_ms": 100, "scanning": frozenset({"SE"})}
FLAIR: dict[str, Any] = {
    "repetition_ms": 9000,
    "echo_ms": 119,
    "inversion_ms": 2500,
    "scanning": frozenset({"SE", "IR"}),
}
UNTOLD: dict[str, Any] = {"repetition_ms": 20, "echo_ms": 3, "scanning": frozenset({"GR"})}

CASES: list[tuple[str, dict[str, Any] | None, str]] = [
    ("Brats18_CBICA_AAM_1_t1ce", None, "t1c"),
    ("5: AX T1 POST", None, "t1c"),
    ("sub-01_T1w", None, "t1"),
    ("sub_01_FLAIR", None, "flair"),
    ("MRBrainTumor1", None, "unknown"),
    ("BraTS_0001_0002", None, "unknown"),
    ("T1_subtraction", None, "other"),
    ("sub_T1c", None, "other"),
    ("T2 map", None, "other"),
    ("ADC", None, "other"),
    ("FLAIR mask", None, "other"),
    ("t1 t2", None, "unclear"),
    # DICOM values where the name is silent
    ("401", {**FLAIR}, "flair"),
    ("401", {**MPRAGE}, "t1"),
    ("401", {**MPRAGE, "agent": "Gadovist"}, "t1c"),
    ("401", {**UNTOLD}, "unknown"),
    ("401", {**UNTOLD, "description": "t1_vibe_tra_km"}, "t1c"),
    # ... where it is ambiguous
    ("T1 FLAIR", {**MPRAGE}, "t1"),
    ("T1 FLAIR", None, "unclear"),
    # ... where they tell T1 from T1c
    ("AX T1", {**MPRAGE, "agent": "Dotarem"}, "t1c"),
    ("AX T1", {**UNTOLD, "agent": "Dotarem"}, "t1c"),
    ("AX T1 pre", {**MPRAGE, "agent": "Dotarem"}, "t1"),
    ("AX T1 post", {**MPRAGE}, "t1c"),
    ("AX T2", {**T2, "agent": "Dotarem"}, "t2"),
    # ... and where they contradict it
    ("AX T1", {**T2}, "unclear"),
    ("T2", {**FLAIR}, "unclear"),
    ("T1", {"description": "FLAIR ax"}, "unclear"),
    ("FLAIR", {**T2}, "flair"),  # the header need not give TI
    ("T1", {"modality": "CT"}, "other"),
    ("T1", {"description": "ADC map"}, "other"),
    ("T1", {**MPRAGE, "image_type": frozenset({"PROJECTION IMAGE"})}, "unclear"),
]


@pytest.mark.parametrize(("name", "values", "kind"), CASES, ids=lambda value: str(value)[:40])
def test_names_and_values_are_weighed(name: str, values: dict[str, Any] | None, kind: str) -> None:
    reading = weigh_evidence(Evidence(name, acquisition=None if values is None else Acquisition(**values)))
    assert reading.kind == kind
    assert reading.reason


def test_folders_count_where_the_name_is_silent_and_the_nearest_first() -> None:
    assert weigh_evidence(Evidence("IMG_0001", ("T1c", "FLAIR"))).kind == "t1c"
    assert weigh_evidence(Evidence("IMG_0001", ("scans", "FLAIR"))).kind == "flair"
    assert weigh_evidence(Evidence("T2", ("T1c",))).kind == "t2"
    assert "name of its folder" in weigh_evidence(Evidence("IMG_0001", ("T1c",))).reason


def test_a_contrast_word_in_all_names_tells_nothing_but_an_agent_does() -> None:
    common = frozenset({"gd"})
    assert weigh_evidence(Evidence("Gd study T1"), common).kind == "unclear"
    noted = Evidence("Gd study T1", acquisition=Acquisition(agent="Gadovist"))
    assert weigh_evidence(noted, common).kind == "t1c"


def test_values_that_agree_with_the_name_stand_in_the_reason() -> None:
    reading = weigh_evidence(Evidence("FLAIR", acquisition=Acquisition(**FLAIR)))
    assert reading.reason == "'flair' in its name; DICOM: TR 9000 ms, TE 119 ms, TI 2500 ms"
