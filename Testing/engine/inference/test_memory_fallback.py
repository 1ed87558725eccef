from __future__ import annotations

import pytest

from humor.bundle.bundle import Bundle
from humor.errors import DeviceError
from humor.events import Event, Reporter
from humor.inference.backend import OutOfMemory, Raw, Strategy
from humor.inference.devices import Device
from humor.inference.memory_fallback import (
    COST,
    SMALLER,
    bytes_needed,
    fallbacks,
    first_that_fits,
    largest_window,
    small_window_warning,
    windows_below,
)
from humor.inference.segmenter import Segmenter
from humor.inference.windows import Triple
from humor.study.case import Case
from humor.warnings import RunWarning

WINDOWS = [(144, 176, 144), (128, 128, 128), (96, 96, 96)]
GPU_STEPS = [
    "",
    "windows of 144×176×144 voxels instead of the whole brain",
    "one window",
    "main memory",
    "the CPU",
    "windows of 128×128×128",
    "windows of 96×96×96",
]

TRAINING = (144, 176, 144)
BRAIN, HEAD = (144, 176, 144), (192, 240, 208)


def test_a_gpu_gives_up_size_batch_place_and_itself_in_this_order() -> None:
    found = list(fallbacks(Strategy(batch=4), WINDOWS, "cuda"))
    assert len(found) == len(GPU_STEPS)
    for step, words in zip(found, GPU_STEPS, strict=True):
        assert words in str(step.gives_up or "")
    strategies = [step.strategy for step in found]
    assert len(set(strategies)) == len(strategies)
    assert strategies[-1] == Strategy(WINDOWS[-1], batch=1, stitch_on_cpu=True, on_cpu=True)


def test_steps_that_would_change_nothing_are_left_out() -> None:
    assert [step.gives_up for step in fallbacks(Strategy(WINDOWS[-1]), WINDOWS, "cpu")] == [None]
    below = [step.strategy.window for step in fallbacks(Strategy(WINDOWS[1]), WINDOWS, "cpu")]
    assert below == WINDOWS[1:]
    assert [step.strategy for step in fallbacks(Strategy(), [], "cpu")] == [Strategy()]


@pytest.mark.parametrize("fails", range(len(GPU_STEPS)))
def test_the_first_step_that_fits_gives_the_result(fails: int) -> None:
    steps = fallbacks(Strategy(batch=4), WINDOWS, "cuda")
    tried: list[Strategy] = []
    told: list[RunWarning] = []

    def attempt(strategy: Strategy) -> int:
        tried.append(strategy)
        if len(tried) <= fails:
            raise OutOfMemory("forced")
        return len(tried)

    result, strategy, given_up = first_that_fits(steps, attempt, told.append)
    assert result == fails + 1 and strategy == tried[-1]
    assert len(given_up) == fails and told == given_up


def test_when_nothing_fits_the_message_says_what_to_do() -> None:
    def attempt(strategy: Strategy) -> None:
        raise OutOfMemory("forced")

    with pytest.raises(DeviceError, match=r"GB .* are free.*needs about.*Close other programs"):
        first_that_fits(fallbacks(Strategy(), WINDOWS, "cpu"), attempt, lambda warning: None)


@pytest.mark.parametrize("fails", [0, 1])
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
    assert [event.message for event in events if event.kind == "warning"] == [
        str(each) for each in found.fallbacks
    ]
    assert segmenter.device == Device("cpu")


def test_128_comes_before_96_and_no_window_is_tried_that_holds_the_whole_brain() -> None:
    assert windows_below(HEAD, TRAINING) == [TRAINING, (128, 128, 128), (96, 96, 96)]
    assert windows_below(BRAIN, TRAINING) == [(128, 128, 128), (96, 96, 96)]
    assert windows_below((128, 112, 128), TRAINING) == [(96, 96, 96)]
    assert windows_below((80, 80, 80), TRAINING) == []
    assert windows_below(HEAD, (64, 64, 64)) == [(64, 64, 64)]


@pytest.mark.parametrize("library", ["openvino", "torch"])
@pytest.mark.parametrize("shape", [BRAIN, HEAD])
def test_the_less_memory_the_smaller_the_window(shape: Triple, library: str) -> None:
    smaller = windows_below(shape, TRAINING)
    order = [None, *smaller]
    chosen = [largest_window(shape, smaller, library, free) for free in range(0, 30_000_000_000, 20_000_000)]
    places = [order.index(window) for window in chosen]
    assert places == sorted(places, reverse=True)
    assert places[0] == len(order) - 1 and places[-1] == 0
    assert set(places) >= {0, len(order) - 1}


def test_the_estimate_covers_what_was_measured() -> None:
    """Peaks of the student above the process at rest, on a brain of 144×176×144."""
    for window, measured in ((None, 409e6), ((128, 128, 128), 363e6), ((96, 96, 96), 276e6)):
        assert measured < bytes_needed(BRAIN, window, "openvino") < 1.4 * measured


def test_what_a_window_costs_is_said_with_its_reason() -> None:
    for window in SMALLER:
        (warning,) = small_window_warning(window, HEAD, TRAINING, "small_windows_fallback", {})
        told = str(warning)
        assert f"{COST[window]} points" in told and "Memory ran out" in told and "more memory" in told
    (warning,) = small_window_warning((64, 64, 64), HEAD, TRAINING, "small_windows_chosen", {})
    assert "points" not in str(warning) and "asked for" in str(warning)


@pytest.mark.parametrize("window", [None, TRAINING, (192, 192, 192)])
def test_windows_as_large_as_in_training_cost_nothing(window: Triple | None) -> None:
    assert small_window_warning(window, HEAD, TRAINING, "small_windows_chosen", {}) == []
