from __future__ import annotations

from typing import Any

import pytest
import slicer
from inputs.volumes import DicomDatabase, volume

from humor.study.acquisition import Acquisition
from HUMoRSegmentLib.inputs.dicom_facts import read_facts

TAGS = {
    "0018,0080": "2300",
    "0018,0081": "2.98 ",
    "0018,0082": "900",
    "0018,0010": "Gadovist 7.5 ml",
    "0008,103E": "t1_mprage_sag",
    "0018,0020": "GR\\IR",
    "0008,0060": "MR",
    "0008,0008": "ORIGINAL\\PRIMARY\\M\\ND",
}


def read(monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]) -> Acquisition | None:
    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase({"1.2.3": tags}), raising=False)
    node = volume("V")
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    return read_facts(node)


def test_all_facts_are_read_from_the_series(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, TAGS) == Acquisition(
        2300.0,
        2.98,
        900.0,
        "Gadovist 7.5 ml",
        "t1_mprage_sag",
        frozenset({"GR", "IR"}),
        "MR",
        frozenset({"ORIGINAL", "PRIMARY", "M", "ND"}),
    )


def test_missing_empty_and_odd_values_are_no_facts(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"0018,0080": "", "0018,0081": "n/a", "0018,0082": "0", "0018,0010": "NO"}
    assert read(monkeypatch, odd) == Acquisition()
    assert read(monkeypatch, {"0018,0081": "90\\120"}) == Acquisition(echo_ms=90.0)


@pytest.mark.parametrize("text", ["none", "No contrast", "without", "N/A", "ohne KM"])
def test_a_note_that_there_was_no_agent_is_none(
    scene: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert read(monkeypatch, {"0018,0010": text}) == Acquisition()


def test_without_database_instances_or_files_there_are_none(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = volume("V")
    monkeypatch.delattr(slicer, "dicomDatabase", raising=False)
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert read_facts(node) is None
    monkeypatch.setattr(slicer, "dicomDatabase", None, raising=False)
    assert read_facts(node) is None
    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase({"9": TAGS}), raising=False)
    assert read_facts(node) is None
    node.RemoveAttribute("DICOM.instanceUIDs")
    assert read_facts(node) is None
    closed = DicomDatabase({"1.2.3": TAGS})
    closed.isOpen = False
    monkeypatch.setattr(slicer, "dicomDatabase", closed, raising=False)
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert read_facts(node) is None
