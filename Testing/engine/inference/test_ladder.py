from __future__ import annotations

import pytest

from humor.bundle.bundle import Bundle
from humor.errors import DeviceError
from humor.events import Event, Reporter
from humor.inference.backend import OutOfMemory, Plan, Raw
from humor.inference.devices import Device
from humor.inference.ladder import climb_down, steps
from humor.inference.segmenter import Segmenter
from humor.study.case import Case

WINDOWS = [(144, 176, 144), (128, 128, 128), (96, 96, 96)]
GPU_STEPS = [
    "",
    "half precision",
    "windows of 144×176×144 voxels instead of the whole brain",
    "one window",
    "main memory",
    "the CPU",
    "windows of 128×128×128",
    "windows of 96×96×96",
]


def test_a_gpu_gives_up_precision_size_batch_place_and_itself_in_this_order() -> None:
    found = list(steps(Plan(batch=4, low_precision=False), WINDOWS, "cuda"))
    assert len(found) == len(GPU_STEPS)
    for step, words in zip(found, GPU_STEPS, strict=True):
        assert words in step.gives_up
    plans = [step.plan for step in found]
    assert len(set(plans)) == len(plans)
    assert plans[-1] == Plan(WINDOWS[-1], batch=1, stitch_on_cpu=True, low_precision=True, on_cpu=True)


def test_steps_that_would_change_nothing_are_left_out() -> None:
    assert [step.gives_up for step in steps(Plan(WINDOWS[-1]), WINDOWS, "cpu")] == [""]
    assert [step.plan.window for step in steps(Plan(WINDOWS[1]), WINDOWS, "cpu")] == WINDOWS[1:]
    assert [step.plan for step in steps(Plan(), [], "cpu")] == [Plan()]


@pytest.mark.parametrize("fails", range(len(GPU_STEPS)))
def test_the_first_step_that_fits_gives_the_result(fails: int) -> None:
    ladder = steps(Plan(batch=4, low_precision=False), WINDOWS, "cuda")
    tried: list[Plan] = []
    told: list[str] = []

    def attempt(plan: Plan) -> int:
        tried.append(plan)
        if len(tried) <= fails:
            raise OutOfMemory("forced")
        return len(tried)

    result, plan, sentences = climb_down(ladder, attempt, told.append)
    assert result == fails + 1 and plan == tried[-1]
    assert len(sentences) == fails and told == sentences


def test_when_nothing_fits_the_message_says_what_to_do() -> None:
    def attempt(plan: Plan) -> None:
        raise OutOfMemory("forced")

    with pytest.raises(DeviceError, match=r"GB .* are free.*needs about.*Close other programs"):
        climb_down(steps(Plan(), WINDOWS, "cpu"), attempt, lambda sentence: None)


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_a_run_that_runs_out_of_memory_ends_with_a_whole_result(
    teacher: Bundle, case: Case, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """The real backend; the first calls of the network are made to fail as a full memory does."""
    segmenter = Segmenter(teacher, device="cpu", window="whole", precision="fp32")
    backend = segmenter._backend
    run, calls = backend.run, 0

    def sometimes_full(*arguments: object) -> Raw:
        nonlocal calls
        calls += 1
        if calls <= fails:
            raise OutOfMemory("forced")
        return run(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(backend, "run", sometimes_full)
    events: list[Event] = []
    found = segmenter.run(case, Reporter(events.append))
    assert found.regions.shape == (3, *case.native.shape)
    assert len(found.fallbacks) == fails
    assert [event.message for event in events if event.kind == "warning"] == found.fallbacks
    assert segmenter.device == Device("cpu")
