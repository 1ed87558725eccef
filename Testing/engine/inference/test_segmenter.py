from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from humor.bundle.bundle import Bundle
from humor.errors import Cancelled, DeviceError, UsageError
from humor.events import Reporter
from humor.inference.backend import Backend, Raw, Strategy, Window
from humor.inference.segmenter import Segmenter
from humor.inference.windows import place_affine
from humor.memory.available import CONTAINER, Memory
from humor.study.case import Case


def test_a_student_on_the_cpu_runs_without_torch_and_shows_distilled_routing(
    student: Bundle, case: Case
) -> None:
    found = Segmenter(student, device="cpu").run(case)
    assert "OpenVINO" in found.device
    assert found.routing.source == "distilled" and len(found.routing.gates) == 4
    for gate in found.routing.gates:
        np.testing.assert_allclose(gate.weights.sum(0), 1, atol=1e-5)


def test_a_teacher_shows_learned_routing(teacher: Bundle, case: Case) -> None:
    found = Segmenter(teacher, device="cpu", window="64").run(case)
    assert "torch" in found.device and found.routing.source == "learned"


def test_what_gates_are_called_is_the_networks_matter_not_the_descriptions(
    teacher: Bundle, student: Bundle, case: Case
) -> None:
    wrong = replace(teacher, manifest=replace(teacher.manifest, kind="student"))
    assert Segmenter(wrong, device="cpu", window="64").run(case).routing.source == "learned"
    wrong = replace(student, manifest=replace(student.manifest, kind="teacher"))
    for precision in ("fp32", "fp16"):  # OpenVINO, torch
        assert Segmenter(wrong, device="cpu", precision=precision).run(case).routing.source == "distilled"


def test_regions_are_nested_and_lie_on_the_native_grid(student: Bundle, case: Case) -> None:
    found = Segmenter(student, device="cpu").run(case)
    whole, core, enhancing = found.regions
    assert whole.shape == case.native.shape
    assert not (core & ~whole).any() and not (enhancing & ~core).any()
    # native = the case's grid with 5, 3, 8 voxels in front
    inside = found.regions[:, 5:85, 3:99, 8:72]
    np.testing.assert_array_equal(inside, found.probabilities >= 0.5)
    assert inside.sum() == found.regions.sum()


def test_components_below_the_bundles_limit_are_removed(student: Bundle, case: Case) -> None:
    strict = replace(student, manifest=replace(student.manifest, min_component_ml=1e6))
    assert Segmenter(student, device="cpu").run(case).regions.any()
    assert not Segmenter(strict, device="cpu").run(case).regions.any()


def test_thresholds_of_the_bundle_are_used(student: Bundle, case: Case) -> None:
    thresholds = {"WT": 1e-6, "TC": 1 - 1e-6, "ET": 1e-6}
    odd = replace(student, manifest=replace(student.manifest, thresholds=thresholds))
    whole, core, enhancing = Segmenter(odd, device="cpu").run(case).regions
    assert whole.sum() == case.brain.size and not core.any() and not enhancing.any()


def test_a_place_lies_in_the_middle_of_its_voxels(case: Case) -> None:
    affine = case.grid.affine @ place_affine((16, 16, 16))
    np.testing.assert_allclose(affine @ [1, 2, 0, 1], case.grid.affine @ [23.5, 39.5, 7.5, 1])
    np.testing.assert_allclose(place_affine((4, 1, 80)) @ [2, 7, 0, 1], [9.5, 7, 39.5, 1])


def test_a_cancelled_run_stops(student: Bundle, case: Case) -> None:
    reporter = Reporter()
    reporter.cancel()
    with pytest.raises(Cancelled):
        Segmenter(student, device="cpu").run(case, reporter)


@pytest.mark.parametrize("window", ["17", "0", "half", "-16"])
def test_windows_that_cannot_be_are_refused(student: Bundle, window: str) -> None:
    with pytest.raises(UsageError, match="multiple of 16"):
        Segmenter(student, device="cpu", window=window)


def test_a_device_that_is_not_there_is_named(student: Bundle) -> None:
    with pytest.raises(DeviceError, match="cuda:97"):
        Segmenter(student, device="cuda:97")
    with pytest.raises(UsageError, match="tpu"):
        Segmenter(student, device="tpu")


class Watched:
    """A backend that notes with which windows it runs."""

    label, multiple, distilled = "watched", 16, True

    def __init__(self, inner: Backend, seen: list[Window]) -> None:
        self._inner, self._seen, self.distilled = inner, seen, inner.distilled

    def run(self, image: np.ndarray, available: tuple[bool, ...], strategy: Strategy, progress: Any) -> Raw:
        self._seen.append(strategy.window)
        return self._inner.run(image, available, strategy, progress)


@pytest.mark.parametrize("free", [8 << 30, 1 << 20])
def test_a_whole_brain_is_one_window_where_memory_allows(
    student: Bundle, case: Case, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    """The windows of this bundle's training are 64³; only smaller ones than those make a result worse."""
    monkeypatch.setattr("humor.inference.segmenter.main_memory", lambda: Memory(16 << 30, free, CONTAINER))
    seen: list[Window] = []
    for wide in ((64, 64, 64), (80, 96, 64)):
        wider = replace(student, manifest=replace(student.manifest, window=wide))
        segmenter = Segmenter(wider, device="cpu")
        monkeypatch.setattr(segmenter, "_backend", Watched(segmenter._backend, seen))
        assert segmenter.run(case).warnings == []
    assert seen == ([None, None] if free > 1 << 30 else [(64, 64, 64), None])


def test_a_result_of_small_windows_says_that_it_is_worse_and_why(student: Bundle, case: Case) -> None:
    wide = replace(student, manifest=replace(student.manifest, window=(144, 176, 144)))
    (warning,) = Segmenter(wide, device="cpu", window="48").run(case).warnings
    assert warning.code == "small_windows_chosen"
    assert "worse than usual" in str(warning) and "windows of 48×48×48 voxels" in str(warning)
    assert Segmenter(wide, device="cpu", window="whole").run(case).warnings == []
    assert Segmenter(wide, device="cpu", window="128").run(case).warnings == []  # it holds the whole case


def test_little_memory_is_named_as_the_reason(
    student: Bundle, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Memory(16 << 30, 1 << 20, CONTAINER)
    monkeypatch.setattr("humor.inference.segmenter.main_memory", lambda: free)
    monkeypatch.setattr("humor.inference.memory_fallback.SMALLER", ((48, 48, 48),))
    (warning,) = Segmenter(student, device="cpu").run(case).warnings
    assert warning.code == "small_windows_memory"
    assert "0.0 GB were free" in str(warning) and "container has a limit of 17.2 GB" in str(warning)


def test_half_precision_on_a_cpu_runs_on_torch_and_counts_its_memory(
    student: Bundle, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph would fit in this memory as a whole, the torch network would not."""
    free = Memory(16 << 30, 300_000_000, "")
    monkeypatch.setattr("humor.inference.segmenter.main_memory", lambda: free)
    for precision, window in (("fp32", None), ("fp16", (64, 64, 64))):
        segmenter = Segmenter(student, device="cpu", precision=precision)
        seen: list[Window] = []
        monkeypatch.setattr(segmenter, "_backend", Watched(segmenter._backend, seen))
        segmenter.run(case)
        assert seen == [window]
