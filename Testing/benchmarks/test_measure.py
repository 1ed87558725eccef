from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import Measurement, measure
from benchmarks.methods import METHODS
from benchmarks.table import markdown

MEGABYTE = 1 << 20

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no wait4")


def run(code: str, tmp_path: Path) -> Measurement:
    folder = tmp_path / "out"
    folder.mkdir()
    return measure([sys.executable, "-c", code], folder / "file", 1, [])


def test_the_label_map_is_timed_when_it_appears_and_not_at_the_end(tmp_path: Path) -> None:
    place = tmp_path / "out" / "file"
    code = f"import time; time.sleep(0.2); open({str(place)!r}, 'w').close(); time.sleep(0.6)"
    measured = run(code, tmp_path)
    assert measured.label_map_seconds is not None
    assert 0.15 < measured.label_map_seconds < measured.seconds - 0.5
    assert measured.cpu_seconds < 0.5  # sleeping is no work


def test_memory_and_work_are_the_childs(tmp_path: Path) -> None:
    """From a process of its own: what measures must be small, and that of all tests is not."""
    code = "import time\nblock = bytearray(b'x') * (200 << 20)\nwhile time.process_time() < 0.5: pass\n"
    measuring = f"""
import sys
from pathlib import Path
from benchmarks.measure import measure
busy = measure([sys.executable, "-c", {code!r}], Path({str(tmp_path)!r}) / "out" / "file", 1, [])
print(busy.peak_bytes, busy.cpu_seconds)
"""
    (tmp_path / "out").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", measuring], env=environment, capture_output=True, text=True, check=True
    )
    peak_bytes, cpu_seconds = map(float, done.stdout.split())
    assert 200 * MEGABYTE < peak_bytes < 400 * MEGABYTE
    assert 0.4 < cpu_seconds < 3


def test_a_failure_is_kept_with_its_message(tmp_path: Path) -> None:
    measured = run("raise SystemExit('no such luck')", tmp_path)
    assert measured.exit_code == 1 and "no such luck" in measured.errors
    assert measured.label_map_seconds is None


def test_commands_name_all_files_and_the_label_map(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.nii.gz" for name in ("t1", "t1c", "t2", "flair")}
    for method in METHODS.values():
        command, label_map = method.command(files, tmp_path / "out", 64, None)
        assert {str(path) for path in files.values()} <= set(command)
        assert label_map.parent == tmp_path / "out"


def test_the_table_relates_every_method_to_humor() -> None:
    machine = {
        "date": "today", "processor": "P", "threads": 2, "load_before": 0.0,
        "system": "Linux", "python": "3.11", "versions": {"torch": "2"},
    }  # fmt: skip
    case = {"name": "c", "shape": [4, 5, 6], "window": 128}
    row = {"exit_code": 0, "seconds": 3.0, "cpu_seconds": 4.0, "peak_bytes": 5e8}
    rows: list[dict[str, Any]] = [
        {"method": "humor", "title": "HUMoR", "label_map_seconds": 2.0, **row},
        {"method": "slow", "title": "Slow", "label_map_seconds": 50.0, **row},
        {"method": "bad", "title": "Bad", "label_map_seconds": None, **row, "exit_code": 9},
    ]
    page = markdown(machine, case, rows)
    assert "| Slow | 50.00 | 3.00 | 4.0 | 0.50 | 25.0 |" in page and "4×5×6" in page
    assert "| Bad | failed (exit code 9) |" in page
