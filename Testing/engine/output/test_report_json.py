"""The facts of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from humor.inference.segmentation import Segmentation
from humor.options import SegmentOptions
from humor.output.folder import OutputFolder
from humor.output.names import LABEL_MAP, REPORT
from humor.output.ownership import FILES, SEAL
from humor.output.report_json import SCHEMA, report_facts
from humor.output.routing_files import routing_facts
from humor.study.alignment import Misplaced


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
