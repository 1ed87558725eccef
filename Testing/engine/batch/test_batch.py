from __future__ import annotations

import csv
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from engine.batch.made_studies import SAMPLE, make_studies, make_study
from engine.batch.runs import label_maps, leftovers, records, run, times_done
from humor.batch import runner
from humor.batch.local import LocalExecutor, LocalWorker
from humor.batch.messages import Ended, Message, Ready, Settings
from humor.batch.state import RECORDS, VOLUMES
from humor.errors import BundleError, DeviceError, HumorError, OutputError
from humor.events import Event
from humor.output.folder import LOCK, STAGING
from humor.output.names import REPORT, REPORT_PAGE
from humor.output.ownership import JOURNAL, Journal
from humor.plain_files import PARTIAL
from humor.sequences import SEQUENCES


def rows(output: Path) -> dict[str, dict[str, str]]:
    with open(output / VOLUMES, encoding="utf-8", newline="") as file:
        return {row["study"]: row for row in csv.DictReader(file)}


@pytest.fixture
def three(tmp_path: Path) -> Path:
    return make_studies(tmp_path / "in", 3)


def test_every_study_has_results_one_record_and_one_row(three: Path, tmp_path: Path) -> None:
    out, events = tmp_path / "out", list[Event]()
    make_study(three / "s01", 1, ["t1c"])
    for name in ("t1", "t2", "flair"):
        (three / "s01" / f"{name}.nii.gz").unlink()
    summary = run(three, out, listener=events.append)
    assert summary.done == ["s00", "s01", "s02"] and not summary.failed and summary.per_hour > 0
    assert [record["attempt"] for record in records(out)] == [1, 1, 1]
    record, row = records(out)[0], rows(out)["s00"]
    assert set(record["inputs"]) == set(SEQUENCES) and record["error"] is None
    volumes = record["volumes_ml"]
    assert volumes["WT"] >= volumes["TC"] >= volumes["ET"] >= 0 and volumes["WT"] > 0
    assert sum(record["labels_ml"].values()) == pytest.approx(record["volumes_ml"]["WT"], abs=0.01)
    assert float(row["WT_ml"]) == record["volumes_ml"]["WT"] and row["status"] == "done"
    assert rows(out)["s01"]["sequences"] == "t1c"
    assert not (out / "s00" / REPORT_PAGE).exists()
    fractions = [event.fraction for event in events if event.fraction is not None]
    assert fractions[-1] == 1.0 and 0 < min(fraction for fraction in fractions if fraction) < 0.5
    assert any("studies/hour" in event.message for event in events)


def test_what_is_done_is_skipped_until_something_that_decides_it_changes(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(three, out)
    again = run(three, out)
    assert (again.skipped, again.done) == (3, []) and len(records(out)) == 3
    make_study(three / "s01", 77)
    shutil.rmtree(out / "s02")
    assert run(three, out).done == ["s01", "s02"]
    assert run(three, out, redo=True).done == ["s00", "s01", "s02"]
    assert times_done(out) == {"s00": 2, "s01": 3, "s02": 3}


def test_a_record_that_a_kill_has_torn_is_written_again_without_doing_the_study_again(
    three: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(three, out)
    reports = {study: (out / study / REPORT).read_bytes() for study in ("s00", "s01", "s02")}
    whole = (out / RECORDS).read_bytes()
    (out / RECORDS).write_bytes(whole[:-200])
    (out / VOLUMES).unlink()
    summary = run(three, out)
    assert summary.skipped == 3 and times_done(out) == {"s00": 1, "s01": 1, "s02": 1}
    assert records(out)[-1]["recovered"] and rows(out)["s02"]["status"] == "done"
    assert reports == {study: (out / study / REPORT).read_bytes() for study in reports}


def test_what_a_kill_left_beside_a_whole_result_is_swept_away(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(three, out)
    staging = out / "s01" / f"{STAGING}0123{PARTIAL}"
    staging.mkdir()
    Journal(out / "s01" / JOURNAL).write(staging.name, {})
    (out / "s01" / LOCK).touch()
    assert run(three, out).skipped == 3
    assert not leftovers(out) and (out / "s01" / REPORT).is_file()


def test_a_failing_study_in_the_midst_stops_no_other(three: Path, tmp_path: Path) -> None:
    out, events = tmp_path / "out", list[Event]()
    broken = three / "s01" / "t2.nii.gz"
    broken.write_bytes(broken.read_bytes()[:500])
    summary = run(three, out, retries=3, listener=events.append)
    assert summary.done == ["s00", "s02"] and list(summary.failed) == ["s01"]
    assert str(broken) in summary.failed["s01"]
    (record,) = [record for record in records(out) if record["status"] == "failed"]
    assert record["study"] == "s01" and record["error"]["type"] == "InputError"
    assert rows(out)["s01"]["status"] == "failed" and str(broken) in rows(out)["s01"]["error"]
    assert next(event.message for event in events if event.kind == "warning").startswith("s01: failed: ")
    assert not (out / "s01").exists()
    make_study(three / "s01", 1)
    assert run(three, out).done == ["s01"] and rows(out)["s01"]["status"] == "done"


def test_a_study_that_is_known_to_be_hopeless_is_recorded_without_a_worker(tmp_path: Path) -> None:
    table = tmp_path / "studies.csv"
    table.write_text("study,t1\nA,nowhere.nii\n")
    summary = run(table, tmp_path / "out", executor=lambda settings: pytest.fail("a worker was started"))
    assert "row 2" in summary.failed["A"]
    assert records(tmp_path / "out")[0]["error"]["type"] == "InputError"


def slow_study(root: Path) -> Path:
    """One that takes some seconds: the whole sample."""
    shutil.copytree(SAMPLE, root / "slow", ignore=shutil.ignore_patterns("truth*"))
    return root


class Killer:
    """Kills the first worker as soon as it is well into a study."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._executor: LocalExecutor

    def executor(self, settings: Settings) -> LocalExecutor:
        self._executor = LocalExecutor(settings, ["cpu"])
        return self._executor

    def __call__(self, event: Event) -> None:
        if self._times and event.stage == "batch" and (event.fraction or 0) > 0.05:
            self._times -= 1
            os.kill(self._executor._running[0].pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def test_a_killed_worker_is_replaced_and_its_study_tried_again(tmp_path: Path) -> None:
    studies, out, killer = slow_study(tmp_path / "in"), tmp_path / "out", Killer(1)
    summary = run(studies, out, executor=killer.executor, listener=killer)
    assert summary.done == ["slow"] and not summary.failed
    first, second = records(out)
    assert (first["status"], first["error"]["type"]) == ("failed", "WorkerDied")
    assert "SIGKILL" in first["error"]["message"]
    assert (second["status"], second["attempt"]) == ("done", 2)
    assert not leftovers(out)


def test_a_study_that_kills_every_worker_is_listed_as_failed(tmp_path: Path) -> None:
    studies, out, killer = slow_study(tmp_path / "in"), tmp_path / "out", Killer(1)
    summary = run(studies, out, executor=killer.executor, listener=killer, retries=0)
    assert list(summary.failed) == ["slow"] and "worker process" in summary.failed["slow"]
    assert not (out / "slow").exists()


class Stopped(LocalExecutor):
    """Its first worker hangs as soon as it is ready, as one that a driver lets down."""

    stopped = False

    def wait(self, seconds: float) -> list[tuple[LocalWorker, Message]]:
        """As the real one does."""
        said = super().wait(seconds)
        if not self.stopped and any(isinstance(message, Ready) for _, message in said):
            self.stopped = True
            os.kill(self._running[0].pid, signal.SIGSTOP)
        return said


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no processes")
def test_a_study_that_takes_too_long_is_given_up_and_the_others_go_on(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    executor = lambda settings: Stopped(settings, ["cpu"])  # noqa: E731
    summary = run(three, out, executor=executor, time_limit=10, retries=3)
    assert summary.done == ["s01", "s02"] and list(summary.failed) == ["s00"]
    assert "not done after 10 s" in summary.failed["s00"] and "--time-limit" in summary.failed["s00"]
    (record,) = [record for record in records(out) if record["study"] == "s00"]
    assert record["error"]["type"] == "TimeLimit"
    assert not leftovers(out)
    assert run(three, out).done == ["s00"]


class NeverStarts(LocalExecutor):
    """Its workers hang from their first moment on, as at a model on a drive that does not answer."""

    def launch(self, number: int) -> LocalWorker:
        """As the real one does."""
        process = super().launch(number)
        os.kill(process.pid, signal.SIGSTOP)
        return process


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no processes")
def test_workers_that_hang_while_they_load_the_model_end_the_batch(
    three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LONGEST_START", 0.2)
    with pytest.raises(HumorError, match=r"No worker is left: .*still loading the model"):
        run(three, tmp_path / "out", executor=lambda settings: NeverStarts(settings, ["cpu"]), time_limit=10)
    assert not leftovers(tmp_path / "out")


class Meddling(LocalExecutor):
    """Touches a file just before it is told that its study has ended."""

    target: Path | None = None

    def wait(self, seconds: float) -> list[tuple[LocalWorker, Message]]:
        """As the real one does."""
        said = super().wait(seconds)
        if self.target is not None and any(isinstance(message, Ended) for _, message in said):
            os.utime(self.target, (1, 1))
            self.target = None
        return said


def test_files_that_change_while_they_are_read_are_not_taken_for_done(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def executor(settings: Settings) -> LocalExecutor:
        made = Meddling(settings, ["cpu"])
        made.target = three / "s00" / "t1.nii.gz"
        return made

    summary = run(three, out, executor=executor)
    assert sorted(summary.done) == ["s00", "s01", "s02"]
    failed = [record for record in records(out) if record["status"] == "failed"]
    assert [record["study"] for record in failed] == ["s00"]
    assert "changed while" in failed[0]["error"]["message"]


def test_a_device_that_is_not_there_stops_the_batch_before_any_study(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(DeviceError, match="cuda:99"):
        run(three, out, executor=lambda settings: LocalExecutor(settings, ["cuda:99"]))
    assert records(out) == [] and run(three, out).done == ["s00", "s01", "s02"]


def test_workers_refuse_another_model_than_the_batch_began_with(three: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not the model"):
        run(
            three, tmp_path / "out", executor=lambda given: LocalExecutor(replace(given, sha256="0"), ["cpu"])
        )


def test_records_that_cannot_be_written_stop_the_batch_and_its_workers(three: Path, tmp_path: Path) -> None:
    out, crews = tmp_path / "out", list[LocalExecutor]()

    def executor(settings: Settings) -> LocalExecutor:
        (out / RECORDS).mkdir()  # where a file should be
        crews.append(LocalExecutor(settings, ["cpu"]))
        return crews[0]

    with pytest.raises(OutputError, match=r"cannot be written"):
        run(three, out, executor=executor)
    assert not crews[0]._running
    (out / RECORDS).rmdir()
    summary = run(three, out)
    assert summary.skipped == 1 and set(times_done(out)) == {"s00", "s01", "s02"}


def test_two_workers_do_each_study_once_and_the_same_every_time(twenty: Path, tmp_path: Path) -> None:
    summary = run(twenty, tmp_path / "one", workers=2)
    run(twenty, tmp_path / "other", workers=2)
    assert len(summary.done) == 20 and set(times_done(tmp_path / "one").values()) == {1}
    assert label_maps(tmp_path / "one") == label_maps(tmp_path / "other")
