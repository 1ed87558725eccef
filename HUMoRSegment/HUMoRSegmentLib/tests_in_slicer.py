"""What ``HUMoRSegmentTest`` does inside Slicer. Plain functions: each starts with an empty scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from humor.errors import Cancelled
from humor.regions import REGION_KEYS

from .inputs.sample_study import sample_files
from .logic import HUMoRSegmentLogic
from .options import Options
from .panel.qt_helpers import ensure_installed
from .result import SceneResult
from .routing.gates import gates_of
from .routing.overlay import show_expert
from .scene.provenance import thresholds_of
from .scene.views import hide_overlay

MAY_DIFFER_ML = 0.05


def sample_study_is_segmented() -> None:
    """The sample study: three nested segments on its own grid, volumes, a table, no probabilities unasked."""
    volumes = _load()
    result = _ready_logic().segment(volumes, Options(device="cpu", probabilities=False))
    segmentation = result.segmentation.GetSegmentation()
    _check(list(segmentation.GetSegmentIDs()) == list(REGION_KEYS), "three segments: WT, TC, ET")
    ml = result.volumes_ml
    _check(ml["WT"] > ml["TC"] > ml["ET"] > 0.0, f"nested volumes, not {ml}")
    _check(result.table is not None, "a table of volumes")
    _check(not result.probabilities, "no probabilities")
    shape = slicer.util.arrayFromVolume(volumes["flair"]).shape
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(result.segmentation, "WT", volumes["flair"])
    _check(mask.shape == shape, f"a mask of {shape}, not {mask.shape}")


def one_sequence_is_enough() -> None:
    """FLAIR alone gives a whole tumour."""
    result = _ready_logic().segment({"flair": _load()["flair"]}, Options(device="cpu", probabilities=False))
    _check(result.volumes_ml["WT"] > 0.0, "a whole tumour from FLAIR alone")


def second_run_updates_the_first_result() -> None:
    """A second run replaces the tumour segments and keeps the user's own segment."""
    logic, volumes = _ready_logic(), _load()
    options = Options(device="cpu", probabilities=False)
    first = logic.segment(volumes, options)
    own = first.segmentation.GetSegmentation().AddEmptySegment("", "own")
    second = logic.segment({"flair": volumes["flair"]}, options, first.segmentation)
    _check(second.segmentation.GetID() == first.segmentation.GetID(), "the same segmentation node")
    there = set(second.segmentation.GetSegmentation().GetSegmentIDs())
    _check(there == {own, *REGION_KEYS}, f"tumour segments and the user's own, not {sorted(there)}")
    _check(_count("vtkMRMLSegmentationNode") == 1, "one segmentation")


def cancelled_run_leaves_nothing() -> None:
    """Cancel: the scene has the same nodes as before, and the temporary folder is gone."""
    logic, volumes = _ready_logic(), _load()
    before = _count("vtkMRMLNode")
    folders = []

    def cancel(run: Any) -> None:
        folders.append(run.task.folder)
        run.cancel()

    try:
        logic.segment(volumes, Options(device="cpu"), on_poll=cancel)
    except Cancelled:
        pass
    else:
        raise AssertionError("a cancelled run says so")
    _check(_count("vtkMRMLNode") == before, "no new nodes")
    _check(not folders[0].exists(), "no temporary files")


def thresholds_change_volumes() -> None:
    """A higher threshold makes a smaller tumour, the first one the first volume again."""
    logic, result = _segmented()
    first = result.volumes_ml["WT"]
    own = dict(thresholds_of(result.segmentation))
    higher = logic.set_thresholds(result.segmentation, {**own, "WT": 0.95})
    _check(higher["WT"] < first, f"less than {first} ml, not {higher['WT']}")
    again = logic.set_thresholds(result.segmentation, own)
    _check(abs(again["WT"] - first) < MAY_DIFFER_ML, f"{first} ml again, not {again['WT']}")


def expert_is_shown_over_the_images() -> None:
    """Every gate's weights sum to 1, and an expert's weight can be drawn and hidden."""
    _logic, result = _segmented()
    gates = gates_of(result.segmentation)
    _check(bool(gates), "gates")
    for gate in gates:
        sums = gate.weights().sum(axis=0)
        _check(abs(sums - 1.0).max() < 0.01, f"weights of {gate.name} that sum to 1")
    volume = show_expert(result.segmentation, gates[0].name, gates[0].experts[0])
    _check(volume is not None, "an overlay")
    hide_overlay(result.segmentation)


SCENARIOS: tuple[Callable[[], None], ...] = (
    sample_study_is_segmented,
    one_sequence_is_enough,
    second_run_updates_the_first_result,
    cancelled_run_leaves_nothing,
    thresholds_change_volumes,
    expert_is_shown_over_the_images,
)


def _ready_logic() -> HUMoRSegmentLogic:
    logic = HUMoRSegmentLogic()
    ensure_installed(logic, "", "cpu")
    return logic


def _load() -> dict[str, Any]:
    return {name: slicer.util.loadVolume(str(path)) for name, path in sample_files().items()}


def _segmented() -> tuple[HUMoRSegmentLogic, SceneResult]:
    logic = _ready_logic()
    return logic, logic.segment(_load(), Options(device="cpu"))


def _count(class_name: str) -> int:
    return int(slicer.mrmlScene.GetNumberOfNodesByClass(class_name))


def _check(true: bool, expected: str) -> None:
    if not true:
        raise AssertionError(f"expected {expected}")
