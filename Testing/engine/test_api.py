"""The front door for Python programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import humor
from humor.errors import UsageError
from humor.warnings import RunWarning

SAMPLE = Path(__file__).resolve().parents[2] / "HUMoRSegment" / "Resources" / "Sample"


def test_a_folder_is_segmented_in_memory_as_on_disk(tmp_path: Path) -> None:
    model = humor.load_model(device="cpu")
    found = humor.segment(SAMPLE, model=model)
    assert found.regions.shape[0] == 3 and found.volumes_ml()["WT"] > 1
    assert found.routing.gates and all(isinstance(warning, RunWarning) for warning in found.warnings)
    written = humor.segment(str(SAMPLE), tmp_path / "out", model=model, segments=False, page=False)
    assert np.array_equal(found.regions, written.regions)
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["warnings"] == [str(warning) for warning in written.warnings]
    assert not (tmp_path / "out" / "segmentation.seg.nrrd").exists()


def test_some_sequences_are_enough() -> None:
    files = {name: str(SAMPLE / f"{name}.nii.gz") for name in ("t1c", "flair")}
    found = humor.segment(files, device="cpu", routing=False)
    assert list(found.case.available) == [False, True, False, True]
    assert not found.routing.gates


def test_wrong_options_are_named() -> None:
    with pytest.raises(UsageError, match="colour: no such option"):
        humor.segment(SAMPLE, colour="red")
    with pytest.raises(UsageError, match="reference: no such option"):
        humor.load_model(reference="t1")
    with pytest.raises(UsageError, match="device: give this to load_model"):
        humor.segment(SAMPLE, model=humor.load_model(device="cpu"), device="cpu")
    with pytest.raises(AttributeError, match="nothing"):
        _ = humor.nothing


def test_importing_loads_nothing_heavy() -> None:
    code = "import humor, sys; humor.segment; print(*{name.partition('.')[0] for name in sys.modules})"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "humor" in shown.split()
    assert not {"torch", "numpy", "openvino", "nibabel"} & set(shown.split())
