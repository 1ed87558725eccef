"""Where a result comes from."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import humor
from humor.output.provenance import input_facts, now, versions


def test_inputs_come_in_sequence_order_with_their_hashes(tmp_path: Path) -> None:
    files = {"flair": tmp_path / "f.nii.gz", "t1": tmp_path / "a.nii.gz"}
    for name, file in files.items():
        file.write_bytes(name.encode() * 1_000_000)
    facts = input_facts(files)
    assert [entry["sequence"] for entry in facts] == ["t1", "flair"]
    assert facts[0]["file"] == "a.nii.gz"
    assert facts[0]["bytes"] == 2_000_000
    assert facts[0]["sha256"] == hashlib.sha256(b"t1" * 1_000_000).hexdigest()


def test_an_input_that_is_gone_has_no_hash(tmp_path: Path) -> None:
    (entry,) = input_facts({"t2": tmp_path / "gone.nii.gz"})
    assert entry["sha256"] is None
    assert entry["file"] == "gone.nii.gz"


def test_versions_name_this_engine() -> None:
    assert versions()["humor"] == humor.__version__


def test_the_time_says_its_offset() -> None:
    assert datetime.fromisoformat(now()).utcoffset() is not None
