from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.batch.made_studies import make_studies
from engine.batch.runs import label_maps, leftovers, records, run, times_done
from humor.batch.messages import Settings, settings_of
from humor.batch.ray import RayExecutor
from humor.errors import BundleError, DeviceError, UsageError
from humor.events import Event
from humor.options import SegmentOptions

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ray is not complete on Windows")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A real Ray with room for two workers."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    engine = str(Path(__file__).resolve().parents[3] / "HUMoRSegment")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=100 * 2**20,
        runtime_env={"env_vars": {"PYTHONPATH": engine}},
    )
    yield ray
    ray.shutdown()


def test_two_ray_workers_give_the_same_results_as_two_processes(
    cluster: Any, twenty: Path, tmp_path: Path
) -> None:
    events: list[Event] = []
    summary = run(
        twenty, tmp_path / "ray", executor=lambda settings: RayExecutor(settings, 2), listener=events.append
    )
    assert len(summary.done) == 20 and not summary.failed
    assert any("2 workers" in event.message for event in events)
    run(twenty, tmp_path / "processes", workers=2)
    assert label_maps(tmp_path / "ray") == label_maps(tmp_path / "processes")
    assert set(times_done(tmp_path / "ray").values()) == {1}
    assert cluster.is_initialized()  # somebody else's Ray is left running


def test_a_killed_actor_is_replaced_and_nothing_is_lost(cluster: Any, twenty: Path, tmp_path: Path) -> None:
    crews: list[RayExecutor] = []
    killed: list[int] = []

    def executor(settings: Settings) -> RayExecutor:
        crews.append(RayExecutor(settings, 2))
        return crews[0]

    def kill(event: Event) -> None:
        if event.stage == "study" and not killed:
            killed.append(crews[0].processes()[0])
            os.kill(killed[0], signal.SIGKILL)

    summary = run(twenty, tmp_path / "out", executor=executor, listener=kill, retries=2)
    assert killed and len(summary.done) == 20 and not summary.failed
    assert set(times_done(tmp_path / "out").values()) == {1}
    failed = [record["error"] for record in records(tmp_path / "out") if record["status"] == "failed"]
    assert all(error["type"] == "WorkerDied" for error in failed)
    assert not leftovers(tmp_path / "out")


def test_an_unreadable_study_fails_alone(cluster: Any, tmp_path: Path) -> None:
    studies = make_studies(tmp_path / "in", 3)
    (studies / "s01" / "t1.nii.gz").write_bytes(b"no image")
    summary = run(studies, tmp_path / "out", executor=lambda settings: RayExecutor(settings, 2))
    assert sorted(summary.done) == ["s00", "s02"] and "t1.nii.gz" in summary.failed["s01"]


def test_what_ray_cannot_give_is_refused(cluster: Any) -> None:
    settings = settings_of(SegmentOptions(device="cpu"))
    with pytest.raises(UsageError, match="Ray cluster has 2"):
        RayExecutor(settings, 3)
    with pytest.raises(UsageError, match="use auto, cpu or cuda"):
        RayExecutor(replace(settings, options=SegmentOptions(device="cuda:1")), 1)
    with pytest.raises(DeviceError, match="has a GPU"):
        RayExecutor(replace(settings, options=SegmentOptions(device="cuda")), 1)


def test_an_actor_that_cannot_load_the_model_stops_the_batch(cluster: Any, tmp_path: Path) -> None:
    studies = make_studies(tmp_path / "in", 1)
    with pytest.raises(BundleError, match="not the model"):
        run(
            studies, tmp_path / "out", executor=lambda settings: RayExecutor(replace(settings, sha256="0"), 1)
        )


def test_a_executor_can_be_made_in_another_thread_than_the_first(cluster: Any) -> None:
    made: list[int] = []
    settings = settings_of(SegmentOptions(device="cpu"))
    thread = threading.Thread(target=lambda: made.append(RayExecutor(settings, None).size))
    thread.start()
    thread.join(30)
    assert made == [1]
