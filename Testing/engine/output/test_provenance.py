"""Where a result comes from."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import humor
from humor.output.report_json import input_facts, now, versions
from humor.study.volume import Source


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
