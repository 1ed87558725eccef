"""A healthy brain given as what it is not: what is found there is not passed off as a tumour."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.healthy import write_healthy_brain
from humor.cli.main import main
from humor.output.report_json import plausibility_line


@pytest.fixture(scope="module")
def healthy(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The average T1 of 152 healthy people, without skull."""
    folder = shared_data / "templates" / "mni152_09a"
    if not folder.is_dir():
        pytest.skip("the ICBM template is not on this machine")
    return write_healthy_brain(folder, tmp_path_factory.mktemp("healthy") / "image.nii.gz")


def test_what_is_found_in_it_is_called_implausible(
    healthy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segment", "--t1c", str(healthy), "--output", str(tmp_path), "--device", "cpu"]) == 0
    facts = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert facts["volumes_ml"]["WT"] > 50  # a model that finds nothing here would need no warning
    assert facts["plausibility"]["symmetry"] > 0.5
    (warning,) = [each for each in facts["warnings"] if "does not look like a tumour" in each]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert warning in page and plausibility_line(facts) in page
    said = capsys.readouterr()
    assert "does not look like a tumour" in said.out + said.err
