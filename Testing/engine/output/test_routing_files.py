"""Routing table and maps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np

from humor.inference.segmentation import Segmentation
from humor.output.folder import OutputFolder
from humor.output.routing_files import routing_facts, write_routing


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
