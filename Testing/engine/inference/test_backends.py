from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humor.bundle.bundle import Bundle, load_bundle
from humor.errors import BundleError
from humor.inference.backend import Backend, OutOfMemory, Raw, Strategy
from humor.inference.devices import Device
from humor.inference.openvino_backend import OpenVinoBackend
from humor.inference.torch_backend import TorchBackend, load_network
from humor.study.case import Case

EXACT = Strategy()
WINDOWS = replace(EXACT, window=(48, 48, 48), batch=2)


def nothing(done: float) -> None:
    pass


def stacked(raw: Raw) -> np.ndarray:
    """``[gates, experts, d, h, w]`` of a network whose gates are alike."""
    return np.stack([gate.weights for gate in raw.gates])


@pytest.mark.parametrize("strategy", [EXACT, WINDOWS], ids=["whole", "windows"])
def test_the_openvino_graph_says_what_the_torch_network_says(
    student: Bundle, case: Case, strategy: Strategy
) -> None:
    ours = OpenVinoBackend(student, "fp32").run(case.image, case.available, strategy, nothing)
    theirs = TorchBackend(load_network(student), Device("cpu"), "fp32").run(
        case.image, case.available, strategy, nothing
    )
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=2e-3)
    assert [gate.name for gate in ours.gates] == [gate.name for gate in theirs.gates]
    difference = np.abs(stacked(ours) - stacked(theirs))
    if strategy is EXACT:
        assert difference.max() < 2e-3
    else:  # where windows overlap, MONAI weighs a token by its first voxel, we by the mean of all
        assert difference.mean() < 0.03


def test_bf16_differs_little_from_float32(student: Bundle, case: Case) -> None:
    exact, low = (
        OpenVinoBackend(student, precision).run(case.image, case.available, EXACT, nothing).probabilities
        for precision in ("fp32", "auto")
    )
    assert np.abs(exact - low).max() < 0.05


@pytest.mark.parametrize("kind", ["openvino", "torch", "torch teacher"])
def test_what_stands_in_a_missing_channel_changes_nothing(
    kind: str, student: Bundle, teacher: Bundle, case: Case
) -> None:
    backend: Backend = (
        OpenVinoBackend(student, "fp32")
        if kind == "openvino"
        else TorchBackend(load_network(teacher if "teacher" in kind else student), Device("cpu"), "fp32")
    )
    dirty = case.image.copy()
    dirty[1] = 1e4
    first = backend.run(case.image, case.available, EXACT, nothing)
    second = backend.run(dirty, case.available, EXACT, nothing)
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    np.testing.assert_array_equal(stacked(first), stacked(second))


@pytest.mark.parametrize("strategy", [EXACT, WINDOWS], ids=["whole", "windows"])
def test_gates_of_the_teacher_sum_to_one_everywhere(teacher: Bundle, case: Case, strategy: Strategy) -> None:
    raw = TorchBackend(load_network(teacher), Device("cpu"), "fp32").run(
        case.image, case.available, strategy, nothing
    )
    assert stacked(raw).shape == (4, 3, 5, 6, 4)
    np.testing.assert_allclose(stacked(raw).sum(1), 1, atol=1e-5)


def test_progress_grows_to_one(student: Bundle, case: Case) -> None:
    seen: list[float] = []
    OpenVinoBackend(student).run(case.image, case.available, WINDOWS, seen.append)
    assert len(seen) > 3 and seen == sorted(seen) and seen[-1] == 1.0


def test_a_full_memory_is_told_as_such(student: Bundle, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TorchBackend(load_network(student), Device("cpu"), "fp32")

    def full(*_: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ...")

    monkeypatch.setattr(backend._network, "forward", full)
    with pytest.raises(OutOfMemory):
        backend.run(case.image, case.available, EXACT, nothing)


def test_other_failures_are_not_taken_for_a_full_memory(
    student: Bundle, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = TorchBackend(load_network(student), Device("cpu"), "fp32")

    def broken(*_: object) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(backend._network, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        backend.run(case.image, case.available, EXACT, nothing)


def test_weights_that_do_not_fit_the_architecture_are_refused(student: Bundle) -> None:
    architecture = dict(student.manifest.architecture) | {"mlp": 112}
    wrong = replace(student, manifest=replace(student.manifest, architecture=architecture))
    with pytest.raises(BundleError, match="do not fit"):
        load_network(wrong)


@pytest.mark.parametrize(
    "numbers", [{"depth": -1}, {"dim": 0}, {"dim": "x"}, {"stem": "none"}, {"nosuch": 1}, {"heads": 0}]
)
def test_numbers_that_build_no_network_are_told(student: Bundle, numbers: dict[str, object]) -> None:
    architecture = dict(student.manifest.architecture) | numbers
    wrong = replace(student, manifest=replace(student.manifest, architecture=architecture))
    with pytest.raises(BundleError):
        load_network(wrong)


@pytest.mark.parametrize("gates", [0, 1, 5, 48, 1000])
def test_a_graph_with_other_gates_than_described_is_refused(student: Bundle, gates: int) -> None:
    graph = dict(student.manifest.graph) | {"gates": gates}
    wrong = replace(student, manifest=replace(student.manifest, graph=graph))
    with pytest.raises(BundleError, match=r"openvino\.xml: this graph cannot be used"):
        OpenVinoBackend(wrong)


def test_the_graph_holds_no_copy_of_the_weights(student: Bundle) -> None:
    sizes = {path.name: path.stat().st_size for path in Path(student.folder).iterdir()}
    assert sizes["openvino.bin"] < 0.1 * sizes["model.safetensors"]
    assert load_bundle(student.folder).manifest.graph["gates"] == 4
