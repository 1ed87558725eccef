from __future__ import annotations

import json
from pathlib import Path

import pytest

from humor.cli.main import main
from humor.sample import patient


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int]]:
    """What would have been generated, which takes seconds."""
    calls: list[tuple[Path, int]] = []
    monkeypatch.setattr(patient, "write_sample", lambda folder, seed: calls.append((folder, seed)))
    return calls


def test_the_sample_is_the_default_patient(
    written: list[tuple[Path, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", str(tmp_path)]) == 0
    assert written == [(tmp_path, patient.DEFAULT_SEED)]
    assert str(tmp_path) in capsys.readouterr().out


def test_a_seed_is_another_patient_even_0(written: list[tuple[Path, int]], tmp_path: Path) -> None:
    assert main(["sample", str(tmp_path), "--seed", "0"]) == 0
    assert written == [(tmp_path, 0)]


def test_json_says_where_it_is(
    written: list[tuple[Path, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", str(tmp_path), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["kind"] == "result" and events[-1]["data"]["output"] == str(tmp_path)
