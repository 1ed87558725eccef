from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import slicer
from routing.results import (
    MAP_AFFINE,
    OBLIQUE,
    make_image,
    make_segmentation,
    random_weights,
    saved_and_loaded,
    write_output,
)

from humor.errors import InputError, UsageError
from HUMoRSegmentLib.routing.cursor import weights_sentence
from HUMoRSegmentLib.routing.gates import find_gate, gates_of, load_gates, source_sentence
from HUMoRSegmentLib.routing.weights import percent_text
from HUMoRSegmentLib.scene import references

WORST_AFFINE = 2e-5  # NIfTI keeps affines in single precision


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return make_segmentation(make_image())


def test_weights_and_places_are_those_of_the_files(segmentation: Any, tmp_path: Path) -> None:
    maps = {
        "group1/block1": (random_weights((3, 4, 5)), MAP_AFFINE),
        "group2/block2": (random_weights((6, 2, 7), seed=1), OBLIQUE),
    }
    write_output(tmp_path, maps, "distilled")
    load_gates(tmp_path, segmentation)
    gates = gates_of(segmentation)
    assert [gate.name for gate in gates] == list(maps)
    for gate, (weights, affine) in zip(gates, maps.values(), strict=True):
        assert gate.source == "distilled"
        assert gate.experts == ("expert 1", "expert 2", "expert 3")
        assert np.array_equal(gate.weights().transpose(0, 3, 2, 1), weights)
        file = nibabel.load(tmp_path / "routing" / (gate.name.replace("/", "-") + ".nii.gz"))
        assert np.abs(gate.affine() - file.affine).max() == pytest.approx(0.0, abs=1e-12)
        assert np.abs(gate.affine() - affine).max() < WORST_AFFINE


@pytest.mark.parametrize("experts", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 2), (1, 3, 1)])
def test_gates_of_any_size_survive_a_saved_scene(
    segmentation: Any, tmp_path: Path, experts: int, shape: tuple[int, int, int]
) -> None:
    weights = random_weights(shape, experts)
    write_output(tmp_path, {"gate": (weights, OBLIQUE)})
    load_gates(tmp_path, segmentation)
    loaded = saved_and_loaded(tmp_path / "scene.mrb")
    gate = gates_of(loaded)[0]
    assert len(gate.experts) == experts
    assert np.array_equal(gate.weights().transpose(0, 3, 2, 1), weights)
    assert np.abs(gate.affine() - OBLIQUE).max() < WORST_AFFINE
    assert gate.node.GetHideFromEditors()


def test_the_sample_result_survives_a_saved_scene(
    segmentation: Any, sample_output: Path, tmp_path: Path
) -> None:
    load_gates(sample_output, segmentation)
    routing = json.loads((sample_output / "routing.json").read_text())
    loaded = gates_of(saved_and_loaded(tmp_path / "scene.mrb"))
    assert [gate.name for gate in loaded] == [entry["name"] for entry in routing["gates"]]
    for gate, entry in zip(loaded, routing["gates"], strict=True):
        file = nibabel.load(sample_output / entry["file"])
        assert np.array_equal(gate.weights().transpose(3, 2, 1, 0), np.asarray(file.dataobj))
        assert np.abs(gate.affine() - file.affine).max() < WORST_AFFINE
        assert gate.source == routing["source"]
        assert np.abs(gate.weights().sum(axis=0) - 1).max() < 1e-3


def test_maps_without_their_last_axes_are_read(segmentation: Any, tmp_path: Path) -> None:
    """Some programs drop trailing axes of length one."""
    weights = random_weights((3, 2, 4), 1)
    routing = write_output(tmp_path, {"gate": (weights, MAP_AFFINE)})
    nibabel.save(nibabel.Nifti1Image(weights[0], MAP_AFFINE), tmp_path / routing["gates"][0]["file"])
    load_gates(tmp_path, segmentation)
    assert np.array_equal(gates_of(segmentation)[0].weights().transpose(0, 3, 2, 1), weights)


def test_a_second_run_replaces_the_gates(segmentation: Any, tmp_path: Path) -> None:
    write_output(
        tmp_path / "1",
        {"a": (random_weights((2, 2, 2)), MAP_AFFINE), "b": (random_weights((2, 2, 2)), MAP_AFFINE)},
    )
    write_output(tmp_path / "2", {"c": (random_weights((3, 2, 2)), MAP_AFFINE)})
    load_gates(tmp_path / "1", segmentation)
    nodes = load_gates(tmp_path / "2", segmentation)
    assert [gate.name for gate in gates_of(segmentation)] == ["c"]
    assert slicer.util.getNodesByClass("vtkMRMLVectorVolumeNode") == nodes
    assert segmentation.GetNumberOfNodeReferences(references.GATE) == 1


def test_a_model_without_experts_has_no_gates(segmentation: Any, tmp_path: Path) -> None:
    assert load_gates(tmp_path, segmentation) == []
    assert gates_of(segmentation) == []
    with pytest.raises(UsageError, match="Tumour holds no expert weights"):
        find_gate(segmentation, "group1/block1")


def test_a_wrong_name_is_told_with_the_right_ones(segmentation: Any, tmp_path: Path) -> None:
    write_output(tmp_path, {"a": (random_weights((2, 2, 2)), MAP_AFFINE)})
    load_gates(tmp_path, segmentation)
    with pytest.raises(UsageError, match=r'no gate "x"\. Its gates are a'):
        find_gate(segmentation, "x")


def test_damaged_records_leave_the_scene_as_it_was(segmentation: Any, tmp_path: Path) -> None:
    write_output(tmp_path / "good", {"a": (random_weights((2, 2, 2)), MAP_AFFINE)})
    load_gates(tmp_path / "good", segmentation)
    before = slicer.mrmlScene.GetNumberOfNodes()
    for damage in (_no_json, _no_map, _cut_map, _other_experts, _not_finite):
        folder = tmp_path / damage.__name__
        write_output(
            folder,
            {"b": (random_weights((3, 2, 2)), MAP_AFFINE), "c": (random_weights((30, 20, 20)), MAP_AFFINE)},
        )
        named = damage(folder)
        with pytest.raises(InputError, match=named):
            load_gates(folder, segmentation)
        assert [gate.name for gate in gates_of(segmentation)] == ["a"]
        assert slicer.mrmlScene.GetNumberOfNodes() == before


def _no_json(folder: Path) -> str:
    (folder / "routing.json").write_text('{"source": "learned", "gates": [{"na')
    return r"routing\.json"


def _no_map(folder: Path) -> str:
    (folder / "routing" / "c.nii.gz").unlink()
    return r"c\.nii\.gz"


def _cut_map(folder: Path) -> str:
    path = folder / "routing" / "c.nii.gz"
    path.write_bytes(path.read_bytes()[:5000])
    return r"c\.nii\.gz"


def _other_experts(folder: Path) -> str:
    nibabel.save(
        nibabel.Nifti1Image(np.ones((3, 2, 2, 5), np.float32), MAP_AFFINE), folder / "routing" / "b.nii.gz"
    )
    return r"b\.nii\.gz does not hold the weights of 3 experts"


def _not_finite(folder: Path) -> str:
    nibabel.save(
        nibabel.Nifti1Image(np.full((3, 2, 2, 3), np.nan, np.float32), MAP_AFFINE),
        folder / "routing" / "b.nii.gz",
    )
    return r"b\.nii\.gz"


def test_distilled_gates_are_called_so() -> None:
    assert source_sentence("distilled").startswith("Distilled from the teacher:")
    assert "no experts of its own" in source_sentence("distilled")


def test_learned_gates_are_not_called_distilled() -> None:
    assert source_sentence("learned").startswith("Learned:")
    assert source_sentence("") == "This result holds no expert weights."


def test_places_have_the_letter_of_their_side() -> None:
    text = weights_sentence("g", (-12.4, 8.0, -0.3), {"a": 1.0})
    assert text == "g at (L 12, A 8, S 0): a 100 %"


def test_small_weights_are_told_from_none() -> None:
    assert [percent_text(weight) for weight in (0.0, 0.004, 0.006, 0.996, 1.0)] == [
        "0 %",
        "<1 %",
        "1 %",
        "100 %",
        "100 %",
    ]
