"""The facts of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import humor
from humor.inference.segmentation import Segmentation
from humor.options import SegmentOptions
from humor.output.folder import OutputFolder
from humor.output.names import LABEL_MAP, REPORT
from humor.output.ownership import FILES, SEAL
from humor.output.report_json import SCHEMA, input_facts, now, plausibility_line, report_facts, versions
from humor.output.routing_files import routing_facts
from humor.study.alignment import Misplaced
from humor.study.volume import Source


def facts_of(segmentation: Segmentation) -> dict[str, Any]:
    routing, options = routing_facts(segmentation), SegmentOptions()
    return report_facts(segmentation, {}, routing, ["segmentation.nii.gz"], options)


def test_the_file_holds_the_facts(segmentation: Segmentation, tmp_path: Path) -> None:
    facts = facts_of(segmentation)
    with OutputFolder(tmp_path) as out:
        out.file(LABEL_MAP).write_bytes(b"labels")
        out.write_mark(facts)
    written = json.loads((tmp_path / REPORT).read_text(encoding="utf-8"))
    assert written.pop(FILES) == {LABEL_MAP: {"bytes": 6, "sha256": hashlib.sha256(b"labels").hexdigest()}}
    assert len(written.pop(SEAL)) == 64 and written == facts
    assert facts["schema"] == SCHEMA
    assert facts["device"] == segmentation.device
    assert facts["model"] == segmentation.model
    assert facts["grid"]["shape"] == list(segmentation.case.native.shape)
    assert "research use only" in facts["notice"]


def test_labels_add_up_to_the_regions(segmentation: Segmentation) -> None:
    facts = facts_of(segmentation)
    ml = {label["value"]: label["ml"] for label in facts["labels_ml"]}
    volumes = facts["volumes_ml"]
    assert volumes["WT"] > volumes["TC"] > volumes["ET"] > 0
    assert ml[1] + ml[2] + ml[4] == pytest.approx(volumes["WT"])
    assert ml[1] + ml[4] == pytest.approx(volumes["TC"])
    assert ml[4] == pytest.approx(volumes["ET"])


def test_plausibility_stands_there_and_is_null_without_a_tumour(
    make_segmentation: Callable[..., Segmentation],
) -> None:
    numbers = facts_of(make_segmentation())["plausibility"]
    assert (numbers["symmetry"], numbers["pieces"], numbers["of"]) == (0.0, 1, "brain")
    assert 0 < numbers["outside_brain"] < 0.2  # the ball sticks out of the made-up brain
    assert numbers["share_of_brain"] == pytest.approx((11 / 24) ** 3, rel=0.1)  # both are balls
    assert facts_of(make_segmentation(radii=(0.0, 0.0, 0.0)))["plausibility"] is None


def test_misplaced_sequences_stand_there(segmentation: Segmentation) -> None:
    assert facts_of(segmentation)["misplaced"] == []
    moved = replace(segmentation.case, misplaced=(Misplaced("t2", "t1", "moved", 8.1, 0.5),))
    assert facts_of(replace(segmentation, case=moved))["misplaced"] == [
        {"sequence": "t2", "target": "t1", "kind": "moved", "shift_mm": 8.1, "turn_degrees": 0.5}
    ]


def test_used_and_missing_sequences_are_told_apart(make_segmentation: Callable[..., Segmentation]) -> None:
    facts = facts_of(make_segmentation(sequences=("t1c", "flair")))
    assert facts["sequences"] == {"used": ["t1c", "flair"], "missing": ["t1", "t2"], "reference": "t1c"}


def test_routing_has_both_means(segmentation: Segmentation) -> None:
    for gate in facts_of(segmentation)["routing"]["gates"]:
        assert gate["mean_weights_tumour"]["a"] > gate["mean_weights_brain"]["a"]


NUMBERS = {"symmetry": 0.62, "share_of_brain": 0.1423, "outside_brain": 0.0, "pieces": 1, "of": "brain"}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({}, "takes 14.2% of the brain, 0% of it lies outside the brain, 1 piece; 62% of what lies off"),
        ({"symmetry": None}, "1 piece; all of it near the mid-plane."),
        ({"pieces": 3}, "3 pieces"),
        ({"of": "head"}, "14.2% of the head"),
    ],
)
def test_each_number_is_said(numbers: dict, words: str) -> None:
    assert words in plausibility_line({"plausibility": NUMBERS | numbers})


def test_without_a_tumour_or_in_an_earlier_report_there_is_no_line() -> None:
    assert plausibility_line({"plausibility": None}) == plausibility_line({}) == ""


def source(path: Path, content: bytes) -> Source:
    return Source(path, len(content), hashlib.sha256(content).hexdigest())


def test_inputs_come_in_sequence_order_with_their_hashes(tmp_path: Path) -> None:
    facts = input_facts(
        {
            "flair": (source(tmp_path / "f.mhd", b"header"), source(tmp_path / "f.raw", b"data")),
            "t1": (source(tmp_path / "a.nii.gz", b"image"),),
        }
    )
    assert [entry["sequence"] for entry in facts] == ["t1", "flair"]
    assert facts[0] == {
        "sequence": "t1",
        "file": "a.nii.gz",
        "folder": str(tmp_path),
        "bytes": 5,
        "sha256": hashlib.sha256(b"image").hexdigest(),
    }
    (data,) = facts[1]["data"]
    assert data == {"file": "f.raw", "bytes": 4, "sha256": hashlib.sha256(b"data").hexdigest()}


def test_versions_name_this_engine() -> None:
    assert versions()["humor"] == humor.__version__


def test_the_time_says_its_offset() -> None:
    assert datetime.fromisoformat(now()).utcoffset() is not None
