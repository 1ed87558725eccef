from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from engine.batch.made_studies import SAMPLE, make_studies
from engine.batch.runs import at_work, finish, label_maps, leftovers, records, start, times_done, wait_for
from humor.batch.state import RECORDS, STATE_FOLDER, VOLUMES
from humor.cli.main import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals and groups")


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_studies(tmp_path_factory.mktemp("twenty") / "in", 20)


@pytest.fixture(scope="module")
def at_a_stretch(twenty: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Label maps of a batch that nothing has interrupted."""
    out = tmp_path_factory.mktemp("stretch") / "out"
    process = start(twenty, "--output", out, "--workers", "2")
    events = finish(process)
    assert process.returncode == 0
    assert events[-1]["kind"] == "result" and events[-1]["data"]["done"] == 20
    return label_maps(out)


def reached(out: Path, count: int) -> bool:
    return len(records(out)) >= count


def test_killed_in_the_middle_again_and_again_nothing_is_lost_or_done_twice(
    twenty: Path, at_a_stretch: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    moments = random.Random(0)
    kept: dict[str, int] = {}
    for stop_at in (3, 8, 13):
        process = start(twenty, "--output", out, "--workers", "2")
        wait_for(partial(reached, out, stop_at))
        time.sleep(moments.uniform(0, 0.05))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        reports = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("*/report.json")}
        assert kept.items() <= reports.items()  # what was done before was not touched
        assert stop_at <= len(reports) < 20
        kept = reports
    last = start(twenty, "--output", out, "--workers", "2")
    events = finish(last)
    assert last.returncode == 0
    assert events[0]["data"]["skipped"] == len(kept)
    assert times_done(out) == {f"s{number:02d}": 1 for number in range(20)}
    reports = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("*/report.json")}
    assert kept.items() <= reports.items()
    assert label_maps(out) == at_a_stretch
    assert not leftovers(out)


def test_workers_end_when_only_the_batch_is_killed(
    twenty: Path, at_a_stretch: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(twenty, "--output", out, "--workers", "2")
    wait_for(lambda: len(records(out)) >= 3)
    workers = at_work(process)
    process.kill()
    process.communicate()
    assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    assert len(finish(start(twenty, "--output", out, "--workers", "2"))) > 0
    assert set(times_done(out).values()) == {1} and label_maps(out) == at_a_stretch


@pytest.mark.parametrize("whole_group", [True, False])
def test_a_cancelled_batch_tidies_up_and_goes_on_later(tmp_path: Path, whole_group: bool) -> None:
    studies, out = make_studies(tmp_path / "in", 2), tmp_path / "out"
    shutil.copytree(SAMPLE, studies / "s99", ignore=shutil.ignore_patterns("truth*"))
    process = start(studies, "--output", out)
    wait_for(lambda: len(records(out)) == 2 and (out / "s99").exists())
    workers = at_work(process)
    if whole_group:  # as Ctrl-C in a terminal
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    events = finish(process)
    assert process.returncode == 130
    assert events[-1]["kind"] == "error" and "same command continues" in events[-1]["message"]
    assert not any(worker.is_running() for worker in workers)
    assert not (out / "s99").exists() and not leftovers(out) and len(records(out)) == 2
    again = start(studies, "--output", out)
    assert finish(again)[-1]["data"]["done"] == 1 and again.returncode == 0


def test_a_second_batch_in_the_same_folder_is_refused(twenty: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = start(twenty, "--output", out)
    wait_for(lambda: records(out))
    second = start(twenty, "--output", out)
    events = finish(second)
    assert second.returncode == 1 and "another batch" in events[-1]["message"]
    finish(first)
    assert first.returncode == 0 and set(times_done(out).values()) == {1}


def test_some_that_failed_make_it_1_and_are_listed_at_the_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    studies, out = make_studies(tmp_path / "in", 2), tmp_path / "out"
    (studies / "s00" / "flair.nii.gz").write_bytes(b"")
    code = main(["batch", str(studies), "-o", str(out), "--device", "cpu", "--no-report"])
    shown = capfd.readouterr()
    assert code == 1
    assert "1 of 2 studies failed:\n  s00: " in shown.err and "flair.nii.gz is empty" in shown.err
    assert "1 done, 0 before, 1 failed" in shown.out and str(out / VOLUMES) in shown.out
    assert "Traceback" not in shown.err


def test_a_dry_run_lists_roles_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    studies, out = make_studies(tmp_path / "in", 2), tmp_path / "out"
    assert main(["batch", str(studies), "-o", str(out), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "s00: do (new)" in shown and f"{studies / 's01' / 't1c.nii.gz'}  ('t1c' in its name)" in shown
    assert not out.exists()
    (studies / "s00" / "t1_copy.nii.gz").write_bytes(b"")
    assert main(["batch", str(studies), "-o", str(out), "--dry-run", "--json"]) == 1
    steps = {
        event["data"]["study"]: event["data"]
        for event in map(json.loads, capsys.readouterr().out.splitlines())
    }
    assert steps["s00"]["action"] == "cannot" and "2 files could be T1" in steps["s00"]["reason"]
    assert steps["s01"]["action"] == "do" and set(steps["s01"]["files"]) == {"t1", "t1c", "t2", "flair"}


def test_a_dry_run_after_the_batch_shows_what_would_be_skipped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    studies, out = make_studies(tmp_path / "in", 1), str(tmp_path / "out")
    options = ["--device", "cpu", "--no-report"]
    assert main(["batch", str(studies), "-o", out, *options, "--quiet"]) == 0
    assert capfd.readouterr().out == ""
    assert main(["batch", str(studies), "-o", out, *options, "--dry-run"]) == 0
    assert main(["batch", str(studies), "-o", out, *options, "--dry-run", "--redo"]) == 0
    assert main(["batch", str(studies), "-o", out, "--dry-run"]) == 0
    shown = capfd.readouterr().out
    assert shown.count("s00: ") == 3
    for words in ("s00: skip (done)", "s00: do (to be done again)", "s00: do (other options)"):
        assert words in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["studies"],
        ["nowhere", "-o", "out"],
        ["studies", "-o", "studies"],
        ["studies", "-o", "out", "--workers", "0"],
        ["studies", "-o", "out", "--retries", "-1"],
        ["studies", "-o", "out", "--time-limit", "-1"],
        ["studies", "-o", "out", "--devices", "gpu"],
        ["studies", "-o", "out", "--devices", "cpu,cpu"],
        ["studies", "-o", "out", "--devices", "cpu", "--workers", "2"],
        ["studies", "-o", "out", "--devices", "cpu", "--ray"],
        ["studies", "-o", "out", "--window", "100"],
        ["studies.csv", "-o", "out"],
    ],
)
def test_wrong_usage_is_2_and_makes_no_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_studies(tmp_path / "studies", 1)
    (tmp_path / "studies.csv").write_text("study,t1\nA,a.nii\nA,b.nii\n")
    monkeypatch.chdir(tmp_path)
    assert main(["batch", *arguments]) == 2
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(f"**/{STATE_FOLDER}"))


def test_a_model_that_is_not_there_is_1_and_makes_no_folder(tmp_path: Path) -> None:
    studies = make_studies(tmp_path / "in", 1)
    assert main(["batch", str(studies), "-o", str(tmp_path / "out"), "--model", "none-such"]) == 1
    assert not (tmp_path / "out").exists()


def test_without_ray_an_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    studies = make_studies(tmp_path / "in", 1)
    monkeypatch.setattr("humor.batch.ray.find_spec", lambda name: None)
    assert main(["batch", str(studies), "-o", str(tmp_path / "out"), "--ray"]) == 1
    assert "pip install 'humor[ray]'" in capsys.readouterr().err
    assert not (tmp_path / "out" / RECORDS).exists()
