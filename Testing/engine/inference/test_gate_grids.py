"""Gates with experts and grids of their own, from a network to routing in world coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from humor.bundle import rules
from humor.bundle.bundle import Bundle
from humor.bundle.manifest import Manifest
from humor.errors import UsageError
from humor.inference.gate_grids import pack, unpack
from humor.inference.segmenter import Segmenter
from humor.networks import build
from humor.networks.prediction import GateWeights, Prediction
from humor.routing import GateMap
from humor.study.case import Case
from humor_training.export import export_bundle

STRIDES = {"voxels": 1, "fine": 4, "middle": 8, "tokens": 16, "coarse": 32, "window": 0}
"""Gate → voxels along the edge of its places; 0: one place for the whole window."""
SLOPES = np.array([0.001, 0.002, 0.0005])
EDGE = 32


@dataclass(frozen=True)
class NoNumbers:
    """Nothing can be chosen."""


class ManyGates(nn.Module):
    """Its gates show the mean of the first channel: 0.5 ± x, for gates of three experts and one at 0."""

    multiple = EDGE

    def __init__(self, config: NoNumbers) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        assert all(edge % EDGE == 0 for edge in image.shape[2:])
        routing = []
        for name, stride in STRIDES.items():
            pooled = nn.functional.avg_pool3d(image[:, :1], stride or image.shape[2:])
            parts = [0.5 + pooled, 0.5 - pooled]
            if stride != 4:
                parts.append(torch.zeros_like(pooled))
            experts = tuple(f"{name} {index}" for index in range(len(parts)))
            routing.append(GateWeights(name, experts, torch.cat(parts, 1)))
        return Prediction(image[:, :3] * self.scale, routing)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bundle]:
    made = build.Architecture(ManyGates, NoNumbers, {})
    monkeypatch.setitem(build.ARCHITECTURES, "many-gates", made)
    monkeypatch.setattr(rules, "ARCHITECTURE_NAMES", (*rules.ARCHITECTURE_NAMES, "many-gates"))
    architecture = {"name": "many-gates"}
    manifest = Manifest("many-gates", "many gates", "other", architecture, window=(64, 64, 64))
    yield export_bundle(ManyGates(NoNumbers()), manifest, tmp_path / "many-gates", with_graph=False)


def ramp(case: Case) -> Case:
    """The case with a linear function of the voxel index in its first channel; 80 is no multiple of 32."""
    values = np.tensordot(SLOPES, np.indices(case.image.shape[1:]), axes=1)
    image = np.stack([values, *case.image[1:]]).astype(np.float32)
    return replace(case, image=image)


def expected(gate: GateMap, case: Case) -> np.ndarray:
    """0.5 + the ramp at the place's centre, where the affine says that it is."""
    places = np.stack([*np.indices(gate.weights.shape[1:]), np.ones(gate.weights.shape[1:])])
    voxels = np.tensordot(np.linalg.inv(case.grid.affine) @ gate.affine, places, axes=1)[:3]
    return 0.5 + np.tensordot(SLOPES, voxels, axes=1)


def inside(gate: GateMap, case: Case) -> tuple[slice, ...]:
    """Places that hold no padding: all but, along the first axis, the last 32-voxel one."""
    stride = np.linalg.norm(gate.affine[:3, :3], axis=0)
    return tuple(slice(int(size // step)) for size, step in zip(case.image.shape[1:], stride, strict=True))


def test_every_gate_of_a_whole_case_keeps_its_experts_and_lies_where_it_looked(
    bundle: Bundle, case: Case
) -> None:
    case = ramp(case)
    found = Segmenter(bundle, "cpu", "fp32", "whole").run(case)
    assert [gate.name for gate in found.routing.gates] == list(STRIDES)
    shapes = {gate.name: gate.weights.shape for gate in found.routing.gates}
    assert shapes == {
        "voxels": (3, 20, 24, 16),  # kept at 4 voxels
        "fine": (2, 20, 24, 16),
        "middle": (3, 10, 12, 8),
        "tokens": (3, 5, 6, 4),
        "coarse": (3, 3, 3, 2),
        "window": (3, 1, 1, 1),
    }
    for gate in found.routing.gates[:-1]:
        assert gate.experts[0] == f"{gate.name} 0" and len(gate.experts) == len(gate.weights)
        np.testing.assert_allclose(gate.weights.sum(0), 1, atol=1e-6)
        places = inside(gate, case)
        np.testing.assert_allclose(gate.weights[0][places], expected(gate, case)[places], atol=1e-5)
    middle = found.routing.gates[-1].affine @ [0, 0, 0, 1]
    np.testing.assert_allclose(middle, case.grid.affine @ [47.5, 47.5, 31.5, 1])  # of the padded case


def test_stitched_gates_meet_on_grids_that_windows_share(bundle: Bundle, case: Case) -> None:
    case = ramp(case)
    found = Segmenter(bundle, "cpu", "fp32", "64").run(case)
    whole = Segmenter(bundle, "cpu", "fp32", "whole").run(case)
    shapes = {gate.name: gate.weights.shape[1:] for gate in found.routing.gates}
    assert shapes["fine"] == (20, 24, 16) and shapes["middle"] == (10, 12, 8)
    # Windows begin at any multiple of 16: what is coarser is repeated on that grid.
    assert shapes["coarse"] == shapes["window"] == shapes["tokens"] == (5, 6, 4)
    for stitched, single in zip(found.routing.gates, whole.routing.gates, strict=True):
        np.testing.assert_allclose(stitched.weights.sum(0), 1, atol=1e-5)
        if stitched.name not in ("coarse", "window"):
            np.testing.assert_allclose(stitched.weights, single.weights, atol=1e-5)
            np.testing.assert_allclose(stitched.affine, single.affine)
    coarse = found.routing.gates[4]
    edge = 1.5 * 16 * SLOPES.sum()  # a 32-voxel place's mean lies so near to that of its 16-voxel parts
    places = (slice(4), slice(None), slice(None))  # without padding
    assert np.abs(coarse.weights[0] - expected(coarse, case))[places].max() < edge


def test_probabilities_are_those_of_the_case_without_its_padding(bundle: Bundle, case: Case) -> None:
    for window in ("whole", "64"):
        found = Segmenter(bundle, "cpu", "fp32", window).run(case)
        assert found.probabilities.shape == (3, *case.image.shape[1:])
        tumour = 1 / (1 + np.exp(-case.image[0]))
        np.testing.assert_allclose(found.probabilities[0], tumour, atol=1e-5)


def test_a_window_that_the_network_cannot_take_is_refused(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="multiple of 32 up to"):
        Segmenter(bundle, "cpu", "fp32", "48")


def test_gates_of_one_grid_travel_in_one_tensor() -> None:
    def gate(name: str, experts: int, *grid: int) -> GateWeights:
        names = tuple(f"{name}{index}" for index in range(experts))
        return GateWeights(name, names, torch.rand(2, experts, *grid).softmax(1))

    routing = [gate("a", 3, 4, 2, 3), gate("b", 2, 1, 1, 1), gate("c", 4, 4, 2, 3)]
    packed, slots = pack(routing, (64, 32, 48), meeting=True)
    assert [tuple(tensor.shape) for tensor in packed] == [(2, 9, 4, 2, 3)]
    maps = unpack([tensor[0].numpy() for tensor in packed], slots, (64, 32, 48), (50, 32, 33))
    assert [found.name for found in maps] == ["a", "b", "c"]
    assert [found.weights.shape for found in maps] == [(3, 4, 2, 3), (2, 4, 2, 3), (4, 4, 2, 3)]
    np.testing.assert_array_equal(maps[2].weights, routing[2].weights[0])
    np.testing.assert_array_equal(maps[1].weights[:, 3, 1, 2], routing[1].weights[0, :, 0, 0, 0])
    cut = unpack([tensor[0].numpy() for tensor in packed], slots, (64, 32, 48), (33, 32, 32))
    assert cut[0].weights.shape == (3, 3, 2, 2)


def test_a_grid_that_divides_nothing_takes_the_nearest_places() -> None:
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5]).view(1, 1, 5, 1, 1).expand(1, 1, 5, 4, 4)
    packed, _ = pack([GateWeights("odd", ("only",), weights)], (48, 64, 64), meeting=True)
    # 9.6 voxels a place: the middles of 16-voxel places (8, 24, 40) lie in places 0, 2 and 4.
    torch.testing.assert_close(packed[0][0, 0, :, 0, 0], torch.tensor([0.1, 0.3, 0.5]))
