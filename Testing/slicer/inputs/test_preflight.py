from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from inputs.volumes import DATA, bend, brain, move, noise, spacing, volume

from HUMoRSegmentLib.inputs.preflight import Check, preflight

TWO_MM = spacing(2, 2, 2)


def line(sequences: dict[str, Any], name: str) -> Check:
    (check,) = [check for check in preflight(sequences) if check.sequence == name]
    return check


def test_good_volumes_get_one_line_each_in_sequence_order(scene: Any) -> None:
    nodes = {"flair": volume("b", brain(seed=1), TWO_MM), "t2": None, "t1": volume("a", brain(), TWO_MM)}
    checks = preflight(nodes)
    assert [(check.sequence, check.level) for check in checks] == [("t1", "ok"), ("flair", "ok")]
    assert checks[0].sentence == "Skull-stripped brain. Voxels of 2 × 2 × 2 mm."


def test_without_volumes_there_is_no_line(scene: Any) -> None:
    assert preflight({"t1": None}) == []


def test_another_grid_is_fine_and_said_for_all_but_the_finest(scene: Any) -> None:
    finer = brain((160, 180, 150))
    finer[:] = 0
    finer[::1] = np.kron(brain(seed=2), np.ones((2, 2, 2), np.float32))
    shifted = np.eye(4)
    shifted[:3, 3] = -0.5
    nodes = {"t1c": volume("fine", finer, shifted), "flair": volume("coarse", brain(), TWO_MM)}
    flair, t1c = line(nodes, "flair"), line(nodes, "t1c")
    assert (flair.level, t1c.level) == ("ok", "ok")
    assert "Its voxel grid differs from that of T1c" in flair.sentence
    assert "resampled" not in t1c.sentence


def test_in_a_tie_t1c_is_the_reference_unless_another_is_wanted(scene: Any) -> None:
    flipped = volume("flipped", brain(seed=1)[:, :, ::-1].copy(), np.diag([-2.0, 2.0, 2.0, 1.0]) + shift(148))
    nodes = {"t1c": volume("a", brain(), TWO_MM), "flair": flipped}
    assert "that of T1c" in line(nodes, "flair").sentence
    assert "that of FLAIR" in preflight(nodes, reference="flair")[0].sentence


def shift(*millimetres: float) -> np.ndarray:
    made = np.zeros((4, 4))
    made[: len(millimetres), 3] = millimetres
    return made


def test_volumes_that_do_not_overlap_are_an_error(scene: Any) -> None:
    nodes = {"t1c": volume("a", brain(), TWO_MM), "t2": volume("b", brain(seed=1), TWO_MM + shift(400))}
    check = line(nodes, "t2")
    assert check.level == "error"
    assert check.sentence.startswith("It does not overlap with T1c.")
    assert line(nodes, "t1c").level == "ok"


def test_a_brain_cut_off_is_a_warning_with_per_cent(scene: Any) -> None:
    cut = brain(seed=1)[:40]
    nodes = {"t1c": volume("a", brain(), TWO_MM), "t2": volume("b", cut, TWO_MM)}
    check = line(nodes, "t2")
    assert check.level == "warning"
    percent = int(check.sentence.split("only ")[1].split(" %")[0])
    assert 47 <= percent <= 53
    assert "of what T1c shows" in check.sentence


def test_a_brain_elsewhere_in_the_same_box_is_a_warning(scene: Any) -> None:
    moved = brain(centre=(0, 12, 0), seed=1)
    nodes = {"t1c": volume("a", brain(), TWO_MM), "t2": volume("b", moved, TWO_MM)}
    assert line(nodes, "t2").level == "warning"
    assert "not registered" in line(nodes, "t2").sentence


def test_the_overlap_is_that_in_the_world_after_linear_transforms(scene: Any) -> None:
    nodes = {"t1c": volume("a", brain(), TWO_MM), "t2": volume("b", brain(seed=1), TWO_MM)}
    move(nodes["t2"], np.eye(4) + shift(0, 0, 500))
    assert line(nodes, "t2").level == "error"
    move(nodes["t1c"], np.eye(4) + shift(0, 0, 500))
    assert line(nodes, "t2").level == "ok"


def test_thick_slices_are_a_warning_and_3_mm_are_not(scene: Any) -> None:
    for thickness, level in ((3.0, "ok"), (5.5, "warning")):
        thick = brain((80, 90, 75))[:: int(thickness / 2 + 0.5)]
        check = preflight({"t2": volume("t", thick, spacing(2, 2, thickness))})[0]
        assert check.level == level
        assert ("slices are 5.5 mm apart" in check.sentence) == (level == "warning")


def test_a_head_with_its_skull_is_a_warning(scene: Any) -> None:
    head = np.abs(noise((80, 90, 75))) * 0.1 + np.where(brain() > 0, 100, 0).astype(np.float32)
    check = preflight({"t1": volume("h", head.astype(np.float32), TWO_MM)})[0]
    assert check.level == "warning"
    assert "skull" in check.sentence


def test_too_small_a_brain_is_a_warning(scene: Any) -> None:
    check = preflight({"t1": volume("small", brain(), spacing(1, 1, 1))})[0]
    assert check.level == "warning"
    assert "Only 137 ml look like brain" in check.sentence


def test_the_same_node_and_the_same_content_are_errors_for_both(scene: Any) -> None:
    node = volume("a", brain(), TWO_MM)
    same_node = preflight({"t1": node, "t2": node})
    assert [check.level for check in same_node] == ["error", "error"]
    assert same_node[0].sentence.startswith("The same volume is also chosen as T2.")
    copy = volume("copy", brain().astype(np.float64), TWO_MM)
    same_content = preflight({"t1": node, "flair": copy, "t2": volume("c", brain(seed=4), TWO_MM)})
    assert [check.level for check in same_content] == ["error", "ok", "error"]
    assert same_content[2].sentence.startswith("It shows the same image as T1.")


def test_one_voxel_makes_another_image(scene: Any) -> None:
    other = brain()
    other[3, 4, 5] = 7
    checks = preflight({"t1": volume("a", brain(), TWO_MM), "t2": volume("b", other, TWO_MM)})
    assert [check.level for check in checks] == ["ok", "ok"]


@pytest.mark.parametrize("data", [np.full((10, 10, 10), 2.0), None], ids=["constant", "empty"])
def test_what_is_no_image_is_an_error_and_does_not_disturb_the_others(scene: Any, data: Any) -> None:
    bad = volume("Bad", np.full((10, 10, 10), 2.0))
    if data is None:
        bad.SetAndObserveImageData(None)
    checks = preflight({"t1c": bad, "t2": volume("good", brain(), TWO_MM)})
    assert [check.level for check in checks] == ["error", "ok"]
    assert '"Bad"' in checks[0].sentence


def test_a_bending_transform_is_a_warning(scene: Any) -> None:
    nodes = {"t1c": volume("a", brain(), TWO_MM), "t2": volume("b", brain(seed=1), TWO_MM)}
    bend(nodes["t2"])
    check = line(nodes, "t2")
    assert check.level == "warning"
    assert "non-linear transform" in check.sentence
    assert line(nodes, "t1c").level == "ok"


def test_nan_around_a_brain_is_background(scene: Any) -> None:
    data = brain()
    data[data == 0] = np.nan
    assert preflight({"t1": volume("nan", data, TWO_MM)})[0].level == "ok"


def test_the_worst_finding_comes_first_and_gives_the_level(scene: Any) -> None:
    thick = brain((80, 90, 75))[::3]
    nodes = {
        "t1c": volume("a", brain(), TWO_MM),
        "t2": volume("b", thick, spacing(2, 2, 6) + shift(0, 0, 900)),
    }
    check = line(nodes, "t2")
    assert check.level == "error"
    assert check.sentence.index("not overlap") < check.sentence.index("6 mm apart")
    assert check.sentence.index("6 mm apart") < check.sentence.index("Skull-stripped brain")


def test_nothing_in_the_scene_changes(scene: Any) -> None:
    nodes = {"t1": volume("a", brain(), TWO_MM), "t2": volume("b", brain(seed=1), TWO_MM)}
    before = (scene.GetNumberOfNodes(), scene.GetMTime(), [node.GetMTime() for node in nodes.values()])
    preflight(nodes)
    assert before == (
        scene.GetNumberOfNodes(),
        scene.GetMTime(),
        [node.GetMTime() for node in nodes.values()],
    )


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_a_real_stripped_case_is_fine_and_looked_at_quickly(scene: Any) -> None:
    import emulation.studies as studies

    nodes = studies.load_case(scene, sorted((DATA / "validation").iterdir())[0])
    start = time.perf_counter()
    checks = preflight(nodes)
    seconds = time.perf_counter() - start
    assert [(check.sequence, check.level) for check in checks] == [
        (name, "ok") for name in ("t1", "t1c", "t2", "flair")
    ]
    assert seconds < 0.3 * len(nodes) * 2  # twice the aim, for busy machines


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_a_real_raw_study_is_told_to_have_its_skull_and_to_be_resampled(scene: Any) -> None:
    import emulation.studies as studies

    checks = preflight(studies.load_case(scene, DATA / "whole_head" / "patient01_study1"))
    assert {check.level for check in checks} == {"warning"}
    assert all("skull" in check.sentence for check in checks)
    assert sum("resampled" in check.sentence for check in checks) == 2
