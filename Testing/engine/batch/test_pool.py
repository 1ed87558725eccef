from __future__ import annotations

from collections.abc import Sequence

import pytest

from humor.batch.local import shares
from humor.batch.messages import (
    Died,
    Ended,
    Failure,
    Job,
    Message,
    Progressed,
    Ready,
    Unable,
    from_line,
    to_line,
)
from humor.batch.pool import MAX_FAILED_STARTS, Pool
from humor.batch.ray import threads_each
from humor.batch.runner import Eta
from humor.errors import DeviceError, HumorError, UsageError


class Puppet:
    def __init__(self, number: int) -> None:
        self.number = number
        self.jobs: list[str] = []

    def submit(self, job: Job) -> None:
        self.jobs.append(job.study)

    def kill(self) -> None:
        self.jobs.append("killed")


class Puppets:
    """An executor that says what the test tells it to."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.launched: list[Puppet] = []
        self.said: list[tuple[Puppet, Message]] = []

    def launch(self, number: int) -> Puppet:
        self.launched.append(Puppet(number))
        return self.launched[-1]

    def wait(self, seconds: float) -> Sequence[tuple[Puppet, Message]]:
        said, self.said = self.said, []
        return said

    def close(self) -> None:
        self.said.clear()


def job(study: str) -> Job:
    return Job(study, {}, "out")


def ready(executor: Puppets, pool: Pool) -> None:
    executor.said = [(puppet, Ready()) for puppet in executor.launched]
    pool.wait(0)


def started(size: int, wanted: int = 10) -> tuple[Puppets, Pool]:
    executor = Puppets(size)
    pool = Pool(executor, wanted)
    pool.start()
    return executor, pool


def test_only_the_worker_that_has_the_study_is_killed_and_replaced() -> None:
    executor, pool = started(2)
    ready(executor, pool)
    pool.submit(job("a"))
    pool.submit(job("b"))
    pool.kill("b")
    assert [puppet.jobs for puppet in executor.launched] == [["a"], ["b", "killed"]]
    executor.said = [(executor.launched[1], Died("gone"))]
    (ended,) = pool.wait(0)
    assert isinstance(ended, Ended) and ended.study == "b" and len(executor.launched) == 3


def test_jobs_are_given_to_workers_that_have_loaded_the_model() -> None:
    executor, pool = started(2)
    assert pool.free() == 0
    ready(executor, pool)
    assert pool.free() == 2
    pool.submit(job("a"))
    pool.submit(job("b"))
    assert [puppet.jobs for puppet in executor.launched] == [["a"], ["b"]] and pool.free() == 0
    executor.said = [(executor.launched[1], Progressed("b", 0.5)), (executor.launched[1], Ended("b"))]
    assert pool.wait(0) == [Progressed("b", 0.5), Ended("b")]
    assert pool.free() == 1


def test_no_more_workers_are_started_than_there_are_jobs() -> None:
    assert len(started(8, wanted=3)[0].launched) == 3


def test_a_worker_that_dies_at_work_is_replaced_and_its_job_has_failed() -> None:
    executor, pool = started(1)
    ready(executor, pool)
    pool.submit(job("a"))
    executor.said = [(executor.launched[0], Died("killed"))]
    assert pool.wait(0) == [Ended("a", Failure("WorkerDied", "killed", again=True))]
    assert len(executor.launched) == 2 and pool.free() == 0
    executor.said = [
        (executor.launched[0], Ended("a")),
        (executor.launched[1], Ready()),
    ]  # the dead say nothing any more
    assert pool.wait(0) == [] and pool.free() == 1


def test_a_worker_that_dies_without_a_job_is_just_replaced() -> None:
    executor, pool = started(1)
    ready(executor, pool)
    executor.said = [(executor.launched[0], Died("killed"))]
    assert pool.wait(0) == [] and len(executor.launched) == 2


def test_a_model_that_cannot_be_loaded_stops_the_batch() -> None:
    executor, pool = started(1)
    executor.said = [(executor.launched[0], Unable("DeviceError", "no such device"))]
    with pytest.raises(DeviceError, match="no such device"):
        pool.wait(0)


def test_workers_that_die_again_and_again_while_loading_stop_the_batch() -> None:
    executor, pool = started(1)
    for _ in range(MAX_FAILED_STARTS - 1):
        executor.said = [(executor.launched[-1], Died("no memory"))]
        pool.wait(0)
    executor.said = [(executor.launched[-1], Died("no memory"))]
    with pytest.raises(HumorError, match=r"No worker is left.*no memory"):
        pool.wait(0)
    assert len(executor.launched) == MAX_FAILED_STARTS


def test_the_others_go_on_where_one_cannot_be_started_again() -> None:
    executor, pool = started(2)
    ready(executor, pool)
    executor.said = [(executor.launched[0], Died("the GPU is gone"))]
    pool.wait(0)
    executor.said = [(executor.launched[2], Unable("DeviceError", "cuda:0 is not there"))]
    pool.wait(0)
    assert pool.size == 1 and pool.free() == 1
    assert "Worker 1 cannot be started again. cuda:0" in pool.notices[0]
    executor.said = [(executor.launched[2], Died("exit code 1"))]
    assert pool.wait(0) == [] and len(executor.launched) == 3


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Unable("E", "ä"),
        Progressed("s", 0.25),
        Ended("s"),
        Ended("s", Failure("E", "m\nn", True, "d")),
    ],
)
def test_messages_survive_their_way_as_one_line(message: Message) -> None:
    line = to_line(message)
    assert line.isascii() and "\n" not in line
    assert from_line(line) == message


@pytest.mark.parametrize("line", ["", "hello", "3", "{}", '{"kind": "Ready", "more": 1}'])
def test_what_is_no_message_is_told_apart(line: str) -> None:
    with pytest.raises(ValueError):
        from_line(line)


def test_processors_are_shared_out_without_overlap_as_long_as_there_are_enough() -> None:
    assert shares([0, 1, 2, 3, 4], 2) == [[0, 1], [2, 3, 4]]
    assert shares([4, 6], 2) == [[4], [6]]
    assert shares([0, 1], 3) == [[0], [1], [0]]
    parts = shares(list(range(13)), 5)
    assert sorted(number for part in parts for number in part) == list(range(13)) and all(parts)


def test_every_ray_worker_gets_as_many_processors_as_fit_its_computer() -> None:
    assert threads_each([2], 2) == 1
    assert threads_each([16], 3) == 5
    assert threads_each([4, 12], 2) == 6  # both on the larger one
    assert threads_each([8, 8, 8], 3) == 8
    with pytest.raises(UsageError, match="3 workers"):
        threads_each([2], 3)


def test_eta_counts_what_is_at_work_and_estimates_the_rest() -> None:
    clock = iter([0.0, 60.0, 60.0, 60.0]).__next__
    eta = Eta(4, clock)
    assert eta.seconds_left is None and eta.fraction == 0
    eta.stopped("a", for_good=True)
    eta.progressed("b", 0.5)
    eta.progressed("c", 0.5)
    assert (eta.fraction, eta.seconds_left, eta.seconds) == (0.5, 60, 60)
    eta.stopped("b", for_good=False)
    assert eta.fraction == 0.375


def test_speed_is_in_studies_per_hour() -> None:
    eta = Eta(4, iter([0.0, 60.0, 60.0]).__next__)
    eta.stopped("a", for_good=True)
    assert eta.per_hour == 60


def test_a_worker_that_hangs_while_it_loads_its_model_is_ended() -> None:
    executor = Puppets(2)
    pool = Pool(executor, 2)
    pool.start()
    executor.said = [(executor.launched[0], Ready())]
    pool.wait(0)
    pool.end_slow_starts(1000)
    assert not executor.launched[1].jobs
    for start in range(MAX_FAILED_STARTS):
        slow = executor.launched[-1]
        pool.end_slow_starts(0)
        pool.end_slow_starts(0)  # once is enough
        assert slow.jobs == ["killed"] and pool.size == 2
        executor.said = [(slow, Died("The worker process was ended from outside (SIGKILL)."))]
        pool.wait(0)
        assert len(executor.launched) == 2 + min(start + 1, MAX_FAILED_STARTS - 1)
    assert executor.launched[0].jobs == [] and pool.size == 1
    assert len(pool.notices) == 1 and "still loading the model" in pool.notices[0]
