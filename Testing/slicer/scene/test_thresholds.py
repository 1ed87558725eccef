"""Thresholds that are moved: segments, volumes, table and label maps follow, quickly, and no edit is lost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from emulation.studies import load_sample
from scene.outputs import SHAPE, make_volume, masks_of, names_of, paint, report_of, tumour, write_run

from humor.errors import HumorError, UsageError
from humor.regions import REGION_KEYS, regions_to_labels
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult, show_result
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.scene.provenance import thresholds_of
from HUMoRSegmentLib.scene.segments import volumes_ml
from HUMoRSegmentLib.scene.thresholds import apply_thresholds

ALL = Options(label_map=True, region_label_maps=True)
STORED = np.rint(tumour() * 255) / 255


@pytest.fixture
def shown(scene: Any, tmp_path: Path) -> tuple[SceneResult, Any]:
    volume = make_volume()
    return show_result(write_run(tmp_path / "out", volume), {"flair": volume}, ALL), volume


def at(**thresholds: float) -> np.ndarray:
    """Masks of the made-up tumour, nested."""
    masks = np.stack([STORED[index] >= thresholds[key] for index, key in enumerate(REGION_KEYS)])
    masks[1] &= masks[0]
    masks[2] &= masks[1]
    return masks


@pytest.mark.parametrize(
    "thresholds",
    [
        {"WT": 0.5, "TC": 0.5, "ET": 0.5},
        {"WT": 0.2, "TC": 0.3, "ET": 0.4},
        {"WT": 0.9, "TC": 0.1, "ET": 0.05},
        {"WT": 0.01, "TC": 0.01, "ET": 0.01},
        {"WT": 1.0, "TC": 0.99, "ET": 0.99},
    ],
)
def test_segments_label_maps_and_volumes_follow(
    shown: tuple[SceneResult, Any], thresholds: dict[str, float]
) -> None:
    result, volume = shown
    volumes = apply_thresholds(result.segmentation, thresholds)
    wanted, masks = at(**thresholds), masks_of(result.segmentation, volume)
    for index, key in enumerate(REGION_KEYS):
        np.testing.assert_array_equal(masks[key], wanted[index])
        np.testing.assert_array_equal(
            slicer.util.arrayFromVolume(result.region_label_maps[key]), wanted[index]
        )
        assert volumes[key] == pytest.approx(wanted[index].sum() * 0.003)  # voxels of 1 × 1.5 × 2 mm
        assert float(result.table.GetCellText(index, 2)) == pytest.approx(volumes[key], abs=5e-4)
        assert float(result.table.GetCellText(index, 3)) == thresholds[key]
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(result.label_map), regions_to_labels(wanted))
    assert dict(thresholds_of(result.segmentation)) == thresholds
    assert volumes == volumes_ml(result.segmentation)


def test_a_region_that_is_not_named_keeps_its_threshold(shown: tuple[SceneResult, Any]) -> None:
    apply_thresholds(shown[0].segmentation, {"WT": 0.3, "TC": 0.4, "ET": 0.6})
    apply_thresholds(shown[0].segmentation, {"ET": 0.7})
    assert dict(thresholds_of(shown[0].segmentation)) == {"WT": 0.3, "TC": 0.4, "ET": 0.7}


def test_the_model_s_thresholds_bring_the_engine_s_result_back(scene: Any, sample_output: Path) -> None:
    volumes = load_sample(scene)
    result = show_result(sample_output, volumes, Options(label_map=True))
    before = slicer.util.arrayFromVolume(result.label_map).copy()
    own = dict(thresholds_of(result.segmentation))
    moved = apply_thresholds(result.segmentation, {"WT": 0.95, "TC": 0.9, "ET": 0.9})
    assert all(moved[key] < ml for key, ml in result.volumes_ml.items())
    again = apply_thresholds(result.segmentation, own)
    assert again == pytest.approx(report_of(sample_output)["volumes_ml"], abs=1e-9)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(result.label_map), before)


def test_it_is_quick_enough_to_follow_a_slider(scene: Any, sample_output: Path) -> None:
    result = show_result(sample_output, load_sample(scene), Options())
    apply_thresholds(result.segmentation, {"WT": 0.55})
    taken = []
    for value in (0.5, 0.45, 0.4, 0.6, 0.65):
        begin = time.perf_counter()
        apply_thresholds(result.segmentation, dict.fromkeys(REGION_KEYS, value))
        taken.append(time.perf_counter() - begin)
    assert min(taken) < 0.2  # about 0.02 s on a free core


def test_parts_below_the_model_s_least_volume_are_dropped(scene: Any, tmp_path: Path) -> None:
    volume, values = make_volume(), tumour()
    values[:, 1, 1, 1:4] = 0.9  # three voxels: 0.009 ml
    result = show_result(write_run(tmp_path, volume, values), {"flair": volume}, Options())
    segmentation = result.segmentation
    segmentation.SetAttribute(references.MIN_COMPONENT_ML, "0.01")
    apply_thresholds(segmentation, {"WT": 0.4})
    assert not masks_of(segmentation, volume)["WT"][1, 1].any()
    segmentation.SetAttribute(references.MIN_COMPONENT_ML, "0.008")
    apply_thresholds(segmentation, {"WT": 0.41})
    assert masks_of(segmentation, volume)["WT"][1, 1, 1:4].all()


def test_an_edited_segment_stays_while_its_region_does_not_change(shown: tuple[SceneResult, Any]) -> None:
    result, volume = shown
    edited = masks_of(result.segmentation, volume)["ET"]
    edited[0, 0, 0] = True
    paint(result.segmentation, "ET", volume, edited)
    volumes = apply_thresholds(result.segmentation, {"WT": 0.3})
    np.testing.assert_array_equal(masks_of(result.segmentation, volume)["ET"], edited)
    assert volumes["ET"] == pytest.approx(edited.sum() * 0.003)
    assert set(names_of(result.segmentation)) == set(REGION_KEYS)


def test_an_edited_segment_is_copied_once_before_it_changes(shown: tuple[SceneResult, Any]) -> None:
    result, volume = shown
    edited = masks_of(result.segmentation, volume)["ET"]
    edited[0, 0, 0] = True
    paint(result.segmentation, "ET", volume, edited)
    for value in (0.4, 0.3, 0.6):
        apply_thresholds(result.segmentation, {"ET": value})
    (copy,) = [one for one in names_of(result.segmentation) if one not in REGION_KEYS]
    masks = masks_of(result.segmentation, volume)
    np.testing.assert_array_equal(masks[copy], edited)
    np.testing.assert_array_equal(masks["ET"], at(WT=0.5, TC=0.5, ET=0.6)[2])
    warnings = SceneResult.of(result.segmentation).warnings
    assert len(warnings) == 3 and "Enhancing tumour (edited)" in warnings[-1]


def test_probabilities_that_were_changed_are_read_again(shown: tuple[SceneResult, Any]) -> None:
    result, volume = shown
    apply_thresholds(result.segmentation, {"WT": 0.4})
    slicer.util.arrayFromVolume(result.probabilities["WT"])[0, 0, 0] = 1.0
    slicer.util.arrayFromVolumeModified(result.probabilities["WT"])
    apply_thresholds(result.segmentation, {"WT": 0.45})
    assert masks_of(result.segmentation, volume)["WT"][0, 0, 0]


def test_two_results_do_not_share_probabilities(shown: tuple[SceneResult, Any], tmp_path: Path) -> None:
    result, volume = shown
    output = write_run(tmp_path / "other", volume, np.zeros_like(tumour()))
    other = show_result(output, {"flair": volume}, Options())
    assert apply_thresholds(result.segmentation, {"WT": 0.4})["WT"] > 0
    assert apply_thresholds(other.segmentation, {"WT": 0.4})["WT"] == 0
    assert apply_thresholds(result.segmentation, {"WT": 0.4})["WT"] > 0


def test_a_removed_segment_comes_back(shown: tuple[SceneResult, Any]) -> None:
    shown[0].segmentation.GetSegmentation().RemoveSegment("TC")
    assert set(apply_thresholds(shown[0].segmentation, {"WT": 0.4})) == set(REGION_KEYS)


def test_without_probabilities_it_is_said_what_to_do(scene: Any, tmp_path: Path) -> None:
    volume = make_volume("FLAIR")
    result = show_result(write_run(tmp_path, volume), {"flair": volume}, Options(probabilities=False))
    with pytest.raises(HumorError, match=r'"FLAIR tumour".*keep the probabilities'):
        apply_thresholds(result.segmentation, {"WT": 0.4})


def test_probabilities_of_different_sizes_are_refused(shown: tuple[SceneResult, Any]) -> None:
    result, volume = shown
    before = masks_of(result.segmentation, volume)
    slicer.util.updateVolumeFromArray(result.probabilities["TC"], np.zeros(SHAPE, np.float32))
    with pytest.raises(UsageError, match="one grid"):
        apply_thresholds(result.segmentation, {"WT": 0.4})
    np.testing.assert_array_equal(masks_of(result.segmentation, volume)["WT"], before["WT"])


@pytest.mark.parametrize("value", [0.0, 0.009, 1.1, -1.0, float("nan")])
def test_what_is_no_threshold_is_refused(shown: tuple[SceneResult, Any], value: float) -> None:
    with pytest.raises(UsageError, match="not a valid threshold for TC"):
        apply_thresholds(shown[0].segmentation, {"TC": value})
    assert shown[0].segmentation.GetAttribute(references.THRESHOLDS) is None


def test_what_is_no_region_is_refused(shown: tuple[SceneResult, Any]) -> None:
    with pytest.raises(UsageError, match="NCR"):
        apply_thresholds(shown[0].segmentation, {"NCR": 0.5})
