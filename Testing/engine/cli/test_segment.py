from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import nibabel
import numpy as np
import pytest

from engine.cli import stand_in
from humor.output.names import LABEL_MAP, PROBABILITIES, REPORT, REPORT_PAGE, SEGMENTS
from humor.output.ownership import FILES

STAND_IN = str(Path(__file__).with_name("stand_in.py"))
Start = Callable[..., "subprocess.Popen[str]"]


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_becomes_results_on_the_grid_of_the_images(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert stand_in.run(["segment", str(study), "--output", str(out)]) == 0
    shown = capsys.readouterr()
    assert (out / REPORT_PAGE).as_uri() in shown.out and str(out) in shown.out and "ml" in shown.out
    assert "flair.nii.gz" in shown.err  # the guess of roles is shown
    label, image = nibabel.load(out / LABEL_MAP), nibabel.load(study / "t1c.nii.gz")
    assert label.shape == image.shape and np.allclose(label.affine, image.affine)
    assert set(np.unique(np.asarray(label.dataobj))) == {0, 1, 2, 4}
    assert (out / SEGMENTS).exists() and (out / REPORT).exists() and not (out / PROBABILITIES).exists()


def test_options_decide_what_is_written(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--no-report", "--no-routing", "--probabilities", "--quiet", "--reference", "flair"]
    assert stand_in.run(["segment", str(study), "-o", str(out), *options]) == 0
    facts = json.loads((out / REPORT).read_text())
    assert facts["sequences"]["reference"] == "flair" and facts["routing"]["gates"] == []
    assert (out / PROBABILITIES).exists() and not (out / REPORT_PAGE).exists()


def test_files_without_a_folder_are_a_study_of_what_is_given(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = ["--t1c", str(study / "t1c.nii.gz"), "--flair", str(study / "flair.nii.gz")]
    assert stand_in.run(["segment", *files, "-o", str(out), "--no-report"]) == 0
    assert json.loads((out / REPORT).read_text())["sequences"]["used"] == ["t1c", "flair"]


def test_a_named_file_overrules_the_folder(study: Path, tmp_path: Path) -> None:
    other = tmp_path / "another.nii.gz"
    image = nibabel.load(study / "t1c.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj)[::-1].copy(), image.affine), other)
    out = tmp_path / "out"
    arguments = ["segment", str(study), "--t1c", str(other), "-o", str(out), "--no-report"]
    assert stand_in.run(arguments) == 0
    inputs = json.loads((out / REPORT).read_text())["inputs"]
    assert {item["sequence"]: item["file"] for item in inputs}["t1c"] == "another.nii.gz"


def test_json_lines_are_all_that_stdout_holds(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert stand_in.run(["segment", str(study), "-o", str(out), "--json", "--no-report"]) == 0
    events = lines_of(capsys.readouterr().out)
    assert events[0]["stage"] == "roles" and events[0]["data"]["files"]["t1"] == str(study / "t1.nii.gz")
    fractions = [event["fraction"] for event in events if "fraction" in event]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert events[-1]["kind"] == "result"
    facts = events[-1]["data"]
    assert facts["output"] == str(out) and set(facts["files"]) >= {LABEL_MAP, REPORT}
    assert facts["volumes_ml"]["WT"] >= facts["volumes_ml"]["TC"] >= facts["volumes_ml"]["ET"] > 0
    assert 0 < facts["seconds"]["to_label_map"] <= facts["seconds"]["total"]


def test_around_the_network_a_run_without_report_loads_no_heavy_library(
    study: Path, tmp_path: Path, start: Start
) -> None:
    arguments = ["segment", str(study), "-o", str(tmp_path / "out"), "--no-report"]
    process = start("-X", "importtime", STAND_IN, *arguments)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in errors.splitlines()}
    assert "nibabel" in loaded
    assert not loaded & {"torch", "monai", "matplotlib", "SimpleITK", "scipy.ndimage"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["study"],
        ["-o", "out"],
        ["study", "-o", "out", "--window", "100"],
        ["study", "-o", "out", "--window", "-16"],
        ["study", "-o", "out", "--reference", "swi"],
        ["study", "other", "-o", "out"],
        ["--t1c", "t1c.nii.gz", "--reference", "flair", "-o", "out"],
    ],
)
def test_wrong_usage_is_2(
    arguments: list[str], study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study)
    here = [str(study) if word == "study" else word for word in arguments]
    placed = [str(tmp_path / "out") if word == "out" else word for word in here]
    assert stand_in.run(["segment", *placed]) == 2
    assert not (tmp_path / "out").exists()


def test_an_unreadable_image_is_1_and_names_the_file(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes((study / "t1.nii.gz").read_bytes()[:500])
    out = tmp_path / "out"
    assert stand_in.run(["segment", str(study), "--t1", str(broken), "-o", str(out)]) == 1
    shown = capsys.readouterr().err
    assert str(broken) in shown and "Traceback" not in shown
    assert not out.exists()


def test_a_folder_that_is_not_there_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stand_in.run(["segment", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_1(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert stand_in.run(["segment", str(study), "-o", str(tmp_path / "file" / "out")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_cleanly_and_leaves_nothing(
    number: signal.Signals, study: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "out"
    process = start(
        STAND_IN,
        *("--hang", "segment", str(study), "-o", str(out), "--json"),
        # A test runner in the background may ignore SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("kind") == "progress":
            break
    process.send_signal(number)
    rest, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    last = lines_of(rest)[-1]
    assert last["kind"] == "error" and last["data"]["exit_code"] == 130
    assert "Traceback" not in errors and "Exception ignored" not in errors
    assert not out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
def test_a_cancelled_run_leaves_the_results_before_it_alone(
    study: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "out"
    assert stand_in.run(["segment", str(study), "-o", str(out), "--no-report"]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    process = start(STAND_IN, "--hang", "segment", str(study), "-o", str(out), "--json")
    assert process.stdout is not None
    while json.loads(process.stdout.readline()).get("kind") != "progress":
        pass
    process.terminate()
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    assert not list(out.glob(".*"))


def test_a_run_stops_when_nobody_reads_its_events(study: Path, tmp_path: Path, start: Start) -> None:
    process = start(STAND_IN, "segment", str(study), "-o", str(tmp_path / "out"), "--json")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=30) == 130
    assert "Traceback" not in errors and not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals of POSIX")
def test_ended_at_any_moment_by_any_signal_nothing_is_half_or_lost(
    study: Path, tmp_path: Path, start: Start
) -> None:
    """One folder for all runs: each must get along with what the one before has left."""
    out = tmp_path / "out"
    call = (STAND_IN, "segment", str(study), "--output", str(out), "--quiet")
    begin = time.monotonic()
    assert start(*call).wait() == 0
    longest = time.monotonic() - begin
    chance = random.Random(0)
    signals = [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
    ends: list[int] = []
    number = 0
    while number < 15 or (number < 60 and not {130, -signal.SIGKILL} <= set(ends)):
        process = start(*call)
        time.sleep(chance.uniform(0.3, 1.0) * longest)
        process.send_signal(signals[number % len(signals)])
        errors = process.communicate(timeout=60)[1]
        assert "Traceback" not in errors and "Error" not in errors and "Unexpected" not in errors
        ends.append(process.returncode)
        number += 1
        if process.returncode == 0:
            longest *= 0.8  # the machine was busier before: the next one is to be met at work
        if (out / REPORT).exists():
            for name, facts in json.loads((out / REPORT).read_text())[FILES].items():
                assert hashlib.sha256((out / name).read_bytes()).hexdigest() == facts["sha256"]
    assert set(ends) <= {0, 130, *(-each for each in signals)} and {130, -signal.SIGKILL} <= set(ends)
    assert start(*call).wait() == 0
    left = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert left == set(json.loads((out / REPORT).read_text())["outputs"])


def test_a_4d_file_is_a_study_with_an_order(study: Path, tmp_path: Path) -> None:
    images = [nibabel.load(study / f"{name}.nii.gz") for name in ("flair", "t1", "t1c", "t2")]
    values = np.stack([np.asarray(image.dataobj) for image in images], axis=-1)
    nibabel.save(nibabel.Nifti1Image(values, images[0].affine), tmp_path / "four.nii.gz")
    one, other = tmp_path / "one", tmp_path / "other"
    arguments = [str(tmp_path / "four.nii.gz"), "--channels", "flair,t1,t1c,t2", "--no-report"]
    assert stand_in.run(["segment", *arguments, "-o", str(one)]) == 0
    assert stand_in.run(["segment", str(study), "-o", str(other), "--no-report"]) == 0
    first, second = (np.asarray(nibabel.load(out / LABEL_MAP).dataobj) for out in (one, other))
    assert np.array_equal(first, second)
    inputs = json.loads((one / REPORT).read_text())["inputs"]
    assert {item["file"] for item in inputs} == {"four.nii.gz"} and len(inputs) == 4


def test_freesurfers_images_and_pairs_are_a_study(study: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, kind in (("t1c.mgz", nibabel.MGHImage), ("flair.img", nibabel.Nifti1Pair)):
        image = nibabel.load(study / f"{name.partition('.')[0]}.nii.gz")
        nibabel.save(kind(np.asarray(image.dataobj), image.affine), folder / name)
    assert stand_in.run(["segment", str(folder), "-o", str(out), "--no-report"]) == 0
    assert json.loads((out / REPORT).read_text())["sequences"]["used"] == ["t1c", "flair"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_time_since_the_process_started_counts_what_came_before_python_code(
    start: Callable[..., Popen[str]],
) -> None:
    code = (
        "import time; time.sleep(0.3)\n"
        "from humor.cli.segment import seconds_since_start\n"
        "first = seconds_since_start(); time.sleep(0.2)\n"
        "print(first, seconds_since_start() - first)\n"
    )
    first, later = map(float, start("-c", code).communicate()[0].split())
    assert 0.3 < first < 5 and later == pytest.approx(0.2, abs=0.1)
