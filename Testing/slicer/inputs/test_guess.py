from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slicer
from inputs.volumes import DicomDatabase, volume

from humor.study.acquisition import Acquisition
from HUMoRSegmentLib.inputs.guess import Guess, guess_sequences, read_metadata
from HUMoRSegmentLib.scene import references


def guess() -> Guess:
    return guess_sequences(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))


def names(found: Guess) -> dict[str, str]:
    return {sequence: node.GetName() for sequence, node in found.nodes.items()}


def unused(found: Guess) -> dict[str, str]:
    return {node.GetName(): why for node, why in found.unused}


def hierarchy() -> Any:
    return slicer.mrmlScene.GetSubjectHierarchyNode()


def item_of(node: Any) -> int:
    """The node's item; Slicer's application makes it by itself."""
    found = hierarchy().GetItemByDataNode(node)
    return found or hierarchy().CreateItem(hierarchy().GetSceneItemID(), node)


def put(node: Any, parent: int) -> Any:
    hierarchy().SetItemParent(item_of(node), parent)
    return node


def study(patient: str, date: str) -> int:
    tree = hierarchy()
    above = tree.GetItemChildWithName(tree.GetSceneItemID(), patient)
    above = above or tree.CreateSubjectItem(tree.GetSceneItemID(), patient)
    return tree.CreateStudyItem(above, date)


def folder(name: str, parent: int | None = None) -> int:
    return hierarchy().CreateFolderItem(parent or hierarchy().GetSceneItemID(), name)


def show(node: Any) -> None:
    slicer.app.applicationLogic().GetSelectionNode().SetActiveVolumeID(node.GetID())


def test_names_alone_fill_all_four_with_reasons(scene: Any) -> None:
    for name in ("BraTS21_flair", "BraTS21_t1ce", "BraTS21_t2", "BraTS21_t1", "BraTS21_seg"):
        volume(name)
    found = guess()
    assert names(found) == {
        "t1": "BraTS21_t1",
        "t1c": "BraTS21_t1ce",
        "t2": "BraTS21_t2",
        "flair": "BraTS21_flair",
    }
    assert list(found.nodes) == ["t1", "t1c", "t2", "flair"]
    assert found.reasons["t1c"] == "'t1ce' in its name."
    assert list(unused(found)) == ["BraTS21_seg"]
    assert found.unclear == []


def test_an_empty_scene_gives_an_empty_guess(scene: Any) -> None:
    assert guess() == Guess()


def test_two_volumes_for_one_sequence_leave_it_empty_and_say_so(scene: Any) -> None:
    for name in ("T1 ax", "T1 sag", "FLAIR"):
        volume(name)
    found = guess()
    assert names(found) == {"flair": "FLAIR"}
    assert found.unclear == ['2 volumes could be T1: "T1 ax", "T1 sag". Choose one of them.']
    assert set(unused(found)) == {"T1 ax", "T1 sag"}


def test_what_is_unclear_is_reported_and_not_filled(scene: Any) -> None:
    volume("T1 FLAIR")
    found = guess()
    assert found.nodes == {}
    assert found.unclear == ['"T1 FLAIR" is not used. Its name speaks of FLAIR and T1.']


def test_label_maps_colours_and_empty_volumes_are_never_taken(scene: Any) -> None:
    volume("T1", np.ones((10, 10, 10), np.int16), kind="vtkMRMLLabelMapVolumeNode")
    volume("T2", np.random.rand(10, 10, 10, 3), kind="vtkMRMLVectorVolumeNode")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "FLAIR")
    hidden = volume("T1c")
    hidden.SetHideFromEditors(True)
    found = guess()
    assert found.nodes == {}
    assert set(unused(found)) >= {"T1", "FLAIR", "T1c"}


def test_our_own_results_are_never_taken_but_the_images_they_were_made_from_are(scene: Any) -> None:
    image, probability, gate = volume("FLAIR"), volume("T1 in tumour"), volume("T2")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Result")
    segmentation.SetNodeReferenceID(references.INPUT + "flair", image.GetID())
    segmentation.SetNodeReferenceID(references.PROBABILITY + "WT", probability.GetID())
    gate.SetAttribute(references.GATE_NAME, "group 1")
    found = guess()
    assert names(found) == {"flair": "FLAIR"}
    assert unused(found) == {
        "T1 in tumour": "It is a result of HUMoR.",
        "T2": "It is a result of HUMoR.",
    }


def test_dicom_values_fill_what_names_do_not_tell(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {
        "a": ("2300", "3", "900", "GR\\IR", ""),
        "b": ("2300", "3", "900", "GR\\IR", "Gadovist"),
        "c": ("4000", "100", "", "SE", ""),
        "d": ("9000", "119", "2500", "SE\\IR", ""),
    }
    tags = ("0018,0080", "0018,0081", "0018,0082", "0018,0020", "0018,0010")
    database = DicomDatabase({uid: dict(zip(tags, values, strict=True)) for uid, values in times.items()})
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    for number, uid in enumerate(times):
        volume(f"{number}: series").SetAttribute("DICOM.instanceUIDs", uid)
    found = guess()
    assert names(found) == {"t1": "0: series", "t1c": "1: series", "t2": "2: series", "flair": "3: series"}
    assert found.reasons["t1c"] == "DICOM: TR 2300 ms, TE 3 ms, TI 900 ms, contrast agent Gadovist."


def test_of_several_studies_the_most_complete_one_is_taken_and_that_is_said(scene: Any) -> None:
    poor, rich = study("Doe", "2023"), study("Doe", "2024")
    put(volume("T1"), poor)
    put(volume("FLAIR"), rich)
    put(volume("T1"), rich)
    found = guess()
    assert len(found.nodes) == 2
    assert all(hierarchy().GetItemParent(item_of(node)) == rich for node in found.nodes.values())
    assert found.unclear == [
        "2 studies are loaded. Doe / 2024 was taken, because it has the most sequences or is the first of "
        "those that have."
    ]
    assert unused(found) == {"T1": "It belongs to Doe / 2023; the volumes of Doe / 2024 were taken."}


def test_the_study_that_is_shown_is_preferred(scene: Any) -> None:
    poor, rich = study("Doe", "2023"), study("Roe", "2024")
    shown = put(volume("T1"), poor)
    put(volume("FLAIR"), rich)
    put(volume("T1"), rich)
    show(shown)
    found = guess()
    assert found.nodes == {"t1": shown}
    assert "Doe / 2023 was taken, because the slice views show it." in found.unclear[0]


def test_a_study_without_any_sequence_is_not_taken_because_it_is_shown(scene: Any) -> None:
    other, good = study("Doe", "CT"), study("Doe", "MR")
    show(put(volume("CT thorax"), other))
    put(volume("FLAIR"), good)
    found = guess()
    assert names(found) == {"flair": "FLAIR"}
    assert found.unclear == []


def test_folders_separate_patients_that_have_no_dicom(scene: Any) -> None:
    first, second = folder("Case 1"), folder("Case 2")
    for place in (first, second):
        put(volume("t1"), place)
        put(volume("t2"), place)
    found = guess()
    assert len(found.nodes) == 2
    assert {hierarchy().GetItemParent(item_of(node)) for node in found.nodes.values()} == {first}
    assert "Case 1 was taken" in found.unclear[0]


def test_a_folder_for_each_sequence_tells_it_and_separates_nothing(scene: Any) -> None:
    case = folder("Case")
    for name in ("T1", "T1c", "FLAIR"):
        put(volume("image"), folder(name, case))
    found = guess()
    assert list(found.nodes) == ["t1", "t1c", "flair"]
    assert "name of its folder" in found.reasons["t1c"]
    assert found.unclear == []


def test_a_guess_changes_nothing(scene: Any) -> None:
    nodes = [put(volume("T1"), study("Doe", "2023")), volume("T2")]
    before = (scene.GetNumberOfNodes(), scene.GetMTime(), [node.GetMTime() for node in nodes])
    guess()
    assert before == (scene.GetNumberOfNodes(), scene.GetMTime(), [node.GetMTime() for node in nodes])


def test_the_sample_study_is_guessed_as_it_is(scene: Any) -> None:
    import emulation.studies as studies

    nodes = studies.load_sample(scene)
    assert guess().nodes == nodes


TAGS = {
    "0018,0080": "2300",
    "0018,0081": "2.98 ",
    "0018,0082": "900",
    "0018,0010": "Gadovist 7.5 ml",
    "0008,103E": "t1_mprage_sag",
    "0018,0020": "GR\\IR",
    "0008,0060": "MR",
    "0008,0008": "ORIGINAL\\PRIMARY\\M\\ND",
}


def read(monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]) -> Acquisition | None:
    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase({"1.2.3": tags}), raising=False)
    node = volume("V")
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    return read_metadata(node)


def test_all_metadata_are_read_from_the_series(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, TAGS) == Acquisition(
        2300.0,
        2.98,
        900.0,
        "Gadovist 7.5 ml",
        "t1_mprage_sag",
        frozenset({"GR", "IR"}),
        "MR",
        frozenset({"ORIGINAL", "PRIMARY", "M", "ND"}),
    )


def test_missing_empty_and_odd_values_are_no_metadata(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"0018,0080": "", "0018,0081": "n/a", "0018,0082": "0", "0018,0010": "NO"}
    assert read(monkeypatch, odd) == Acquisition()
    assert read(monkeypatch, {"0018,0081": "90\\120"}) == Acquisition(echo_ms=90.0)


@pytest.mark.parametrize("text", ["none", "No contrast", "without", "N/A", "ohne KM"])
def test_a_note_that_there_was_no_agent_is_none(
    scene: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert read(monkeypatch, {"0018,0010": text}) == Acquisition()


def test_without_database_instances_or_files_there_are_none(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = volume("V")
    monkeypatch.delattr(slicer, "dicomDatabase", raising=False)
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert read_metadata(node) is None
    monkeypatch.setattr(slicer, "dicomDatabase", None, raising=False)
    assert read_metadata(node) is None
    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase({"9": TAGS}), raising=False)
    assert read_metadata(node) is None
    node.RemoveAttribute("DICOM.instanceUIDs")
    assert read_metadata(node) is None
    closed = DicomDatabase({"1.2.3": TAGS})
    closed.isOpen = False
    monkeypatch.setattr(slicer, "dicomDatabase", closed, raising=False)
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert read_metadata(node) is None
