from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import url2pathname

import pytest

from humor.sequences import SEQUENCES
from HUMoRSegmentLib.inputs.sample_study import SHA256, register_sample_study, sample_files


def test_the_checksums_are_those_of_the_files() -> None:
    found = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sample_files().items()}
    assert found == SHA256


def test_sample_data_is_offered_as_local_files_with_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, Any] = {}
    logic = SimpleNamespace(registerCustomSampleDataSource=lambda **entries: offered.update(entries))
    monkeypatch.setitem(sys.modules, "SampleData", SimpleNamespace(SampleDataLogic=logic))
    register_sample_study(Path("icons"))
    assert all(uri.startswith("file://") for uri in offered["uris"])
    assert [Path(url2pathname(uri[len("file://") :])) for uri in offered["uris"]] == [
        *sample_files().values()
    ]
    assert offered["checksums"] == [f"SHA256:{SHA256[name]}" for name in SEQUENCES]
    lengths = {len(offered[key]) for key in ("uris", "fileNames", "nodeNames", "checksums", "loadFileType")}
    assert lengths == {4}
