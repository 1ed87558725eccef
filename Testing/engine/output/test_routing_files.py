"""Routing table and maps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from humor.inference.segmentation import Segmentation
from humor.output.folder import OutputFolder
from humor.output.routing_files import routing_facts, routing_means, write_routing
from humor.routing import GateMap, Routing


def test_every_gate_has_a_map_with_experts_on_the_last_axis(
    segmentation: Segmentation, tmp_path: Path
) -> None:
    with OutputFolder(tmp_path) as out:
        write_routing(out, segmentation, routing_facts(segmentation))
    table = json.loads((tmp_path / "routing.json").read_text(encoding="utf-8"))
    assert table["source"] == "learned"
    for entry, gate in zip(table["gates"], segmentation.routing.gates, strict=True):
        assert entry["name"] == gate.name
        assert entry["file"] == "routing/" + gate.name.replace("/", "-") + ".nii.gz"
        image = nibabel.load(tmp_path / entry["file"])
        assert image.get_data_dtype() == np.float32
        np.testing.assert_array_equal(np.moveaxis(image.get_fdata(), -1, 0), gate.weights)
        np.testing.assert_allclose(image.affine, gate.affine, atol=1e-5)


def test_a_model_without_gates_writes_nothing(
    make_segmentation: Callable[..., Segmentation], tmp_path: Path
) -> None:
    plain = make_segmentation(gates=())
    with OutputFolder(tmp_path) as out:
        write_routing(out, plain, routing_facts(plain))
    assert list(tmp_path.iterdir()) == []


def test_the_tumour_counts_with_the_weights_at_its_place(segmentation: Segmentation) -> None:
    means = routing_means(segmentation)
    inside, whole = means["tumour"]["group1/block1"], means["brain"]["group1/block1"]
    assert inside["a"] > 0.8
    assert 1 / 3 < whole["a"] < inside["a"]
    assert sum(inside.values()) == pytest.approx(1, abs=1e-5)
    assert sum(whole.values()) == pytest.approx(1, abs=1e-5)


def test_a_voxel_gate_gives_the_plain_mean_over_the_brain(segmentation: Segmentation) -> None:
    case = segmentation.case
    first = np.random.default_rng(1).random(case.grid.shape).astype(np.float32)
    gate = GateMap("voxels", ("x", "y"), np.stack([first, 1 - first]), case.grid.affine)
    means = routing_means(replace(segmentation, routing=Routing([gate])))
    assert means["brain"]["voxels"]["x"] == pytest.approx(first[case.brain].mean(), abs=1e-5)


def test_a_gate_that_decides_once_has_one_weight_everywhere(segmentation: Segmentation) -> None:
    weights = np.array([0.7, 0.3], np.float32).reshape(2, 1, 1, 1)
    gate = GateMap("once", ("x", "y"), weights, segmentation.case.grid.affine)
    means = routing_means(replace(segmentation, routing=Routing([gate])))
    assert means["brain"]["once"] == means["tumour"]["once"]
    assert means["brain"]["once"]["x"] == pytest.approx(0.7)


def test_without_a_tumour_there_is_no_tumour_mean(segmentation: Segmentation) -> None:
    segmentation.regions[:] = False
    assert set(routing_means(segmentation)) == {"brain"}
