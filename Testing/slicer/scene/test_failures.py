"""A result that cannot be shown leaves the scene and an earlier result as they were."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import slicer
from scene.outputs import (
    AFFINE,
    content_of,
    make_volume,
    masks_of,
    paint,
    report_of,
    scene_as_text,
    tumour,
    write_gate,
    write_run,
)

from humor.errors import InputError
from humor.output.names import LABEL_MAP, PROBABILITIES, REPORT, ROUTING_TABLE
from HUMoRSegmentLib import result
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult, show_result
from HUMoRSegmentLib.scene import references

ALL = Options(label_map=True, region_label_maps=True)


def cut(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return damage


def gone(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def transposed(folder: Path) -> None:
    image = nibabel.load(folder / LABEL_MAP)
    values = np.asarray(image.dataobj).transpose(1, 0, 2)
    nibabel.save(nibabel.Nifti1Image(values, image.affine), folder / LABEL_MAP)


def two_regions(folder: Path) -> None:
    image = nibabel.load(folder / PROBABILITIES)
    nibabel.save(nibabel.Nifti1Image(image.get_fdata()[..., :2], image.affine), folder / PROBABILITIES)


def report(**entries: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / REPORT).write_text(json.dumps(report_of(folder) | entries))

    return damage


DAMAGES = {
    "no report": (gone(REPORT), REPORT),
    "half a report": (cut(REPORT), REPORT),
    "report without a grid": (report(grid={}), REPORT),
    "report of a flat grid": (report(grid={"shape": [1, 2, 3], "affine": np.zeros((4, 4)).tolist()}), REPORT),
    "report of an unknown sequence": (report(sequences={"used": ["dwi"], "reference": "dwi"}), REPORT),
    "report without a model": (report(model=None), REPORT),
    "no label map": (gone(LABEL_MAP), LABEL_MAP),
    "half a label map": (cut(LABEL_MAP), LABEL_MAP),
    "label map of another shape": (transposed, LABEL_MAP),
    "no NIfTI": (lambda folder: (folder / LABEL_MAP).write_bytes(gzip.compress(b"x" * 900)), LABEL_MAP),
    "half the probabilities": (cut(PROBABILITIES), PROBABILITIES),
    "two probabilities": (two_regions, PROBABILITIES),
    "half a gate": (cut("gate.nii.gz"), "gate.nii.gz"),
    "half a routing table": (cut(ROUTING_TABLE), ROUTING_TABLE),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_output_is_named_and_nothing_is_shown(scene: Any, tmp_path: Path, name: str) -> None:
    volume = make_volume()
    output = write_run(tmp_path, volume)
    write_gate(output, np.full((2, 3, 4, 5), 0.5, np.float32), AFFINE)
    damage, file = DAMAGES[name]
    damage(output)
    before = scene_as_text()
    with pytest.raises(InputError, match=file) as error:
        show_result(output, {"flair": volume}, ALL)
    assert "Segment the study again" in str(error.value)
    assert scene_as_text() == before


STEPS = (
    "load_gates",
    "_show_segments",
    "write_provenance",
    "_show_volumes",
    "show_volume_table",
    "make_gate_table",
    "put_in_hierarchy",
)


def fail_after(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Let a step do its work, and then fail."""
    work = getattr(result, step)

    def failing(*arguments: Any) -> None:
        work(*arguments)
        raise MemoryError(step)

    monkeypatch.setattr(result, step, failing)


@pytest.mark.parametrize("step", STEPS)
def test_a_first_result_that_fails_halfway_leaves_nothing(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    volume = make_volume()
    output = write_run(tmp_path, volume)
    write_gate(output, np.full((2, 3, 4, 5), 0.5, np.float32), AFFINE)
    before = scene_as_text()
    fail_after(monkeypatch, step)
    with pytest.raises(MemoryError, match=step):
        show_result(output, {"flair": volume}, ALL)
    assert scene_as_text() == before
    assert not scene.IsBatchProcessing()


@pytest.mark.parametrize("step", STEPS)
def test_an_update_that_fails_halfway_leaves_the_first_result(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    volume = make_volume()
    first = write_run(tmp_path / "first", volume)
    write_gate(first, np.full((2, 3, 4, 5), 0.5, np.float32), AFFINE)
    shown = show_result(first, {"flair": volume}, ALL)
    segmentation = shown.segmentation
    influence = scene.AddNewNodeByClass("vtkMRMLTableNode", "Influence")
    segmentation.SetNodeReferenceID(references.INFLUENCE_TABLE, influence.GetID())
    edited = masks_of(segmentation, volume)["ET"]
    edited[0, 0, 0] = True
    paint(segmentation, "ET", volume, edited)
    segmentation.GetDisplayNode().SetSegmentOpacity2DFill("TC", 0.77)
    second = write_run(tmp_path / "second", volume, tumour((17, 9, 12), 6))
    write_gate(second, np.full((3, 2, 2, 2), 0.3, np.float32), AFFINE)
    masks, content = masks_of(segmentation, volume), content_of(shown.related())
    before = scene_as_text()  # after Slicer's export of masks, which leaves display nodes behind
    fail_after(monkeypatch, step)
    with pytest.raises(MemoryError, match=step):
        show_result(second, {"flair": volume}, Options(probabilities=False, label_map=True), segmentation)
    assert scene_as_text() == before
    after = SceneResult.of(segmentation)
    assert after.related() == shown.related()
    assert content_of(after.related()) == content
    for key, mask in masks_of(segmentation, volume).items():
        np.testing.assert_array_equal(mask, masks.pop(key))
    assert not masks
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1


def test_a_volume_that_was_removed_during_the_run_is_no_failure(scene: Any, tmp_path: Path) -> None:
    volume = make_volume()
    output = write_run(tmp_path, volume)
    scene.RemoveNode(volume)
    shown = show_result(output, {"flair": volume}, ALL)
    assert shown.volumes_ml == pytest.approx(report_of(output)["volumes_ml"])
    assert shown.segmentation.GetName() == "Tumour"
    assert shown.segmentation.GetNodeReference(references.INPUT + "flair") is None
    again = make_volume("loaded again")
    np.testing.assert_array_equal(
        masks_of(shown.segmentation, again)["WT"], slicer.util.arrayFromVolume(shown.label_map) > 0
    )
