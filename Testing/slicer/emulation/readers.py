"""Emulation of Slicer's file readers: options of ``slicer.util.load…`` for the real logics and nodes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_Properties = Mapping[str, Any]
_VOLUME_OPTIONS = {
    "labelmap": 1,
    "center": 2,
    "singleFile": 4,
    "autoWindowLevel": 8,
    "discardOrientation": 16,
}
_DOUBLE_ENDINGS = (".nii.gz", ".seg.nrrd", ".seg.nhdr", ".img.gz")


def read_volume(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    """Read an image; it is shown in the slice views unless ``show`` says otherwise."""
    import slicer

    options = sum(bit for name, bit in _VOLUME_OPTIONS.items() if properties.get(name))
    logic = slicer.modules.volumes.logic()
    node = logic.AddArchetypeVolume(str(path), _name(path, properties), options)
    if node is None:
        return []
    if colours := properties.get("colorNodeID"):
        node.GetDisplayNode().SetAndObserveColorNodeID(colours)
    if properties.get("show", True):
        selection = slicer.app.applicationLogic().GetSelectionNode()
        if node.IsA("vtkMRMLLabelMapVolumeNode"):
            selection.SetActiveLabelVolumeID(node.GetID())
        else:
            selection.SetActiveVolumeID(node.GetID())
        slicer.app.applicationLogic().PropagateVolumeSelection()
    return [node]


def read_segmentation(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    """Read a segmentation, with a display node."""
    import slicer

    logic = slicer.modules.segmentations.logic()
    opacities = bool(properties.get("autoOpacities", True))
    colours = scene.GetNodeByID(properties.get("colorNodeID") or "")
    name = _name(path, properties)
    node = logic.LoadSegmentationFromFile(str(path), opacities, name, colours, messages)
    return [] if node is None else [node]


def read_table(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    return _by_storage(scene, path, properties, "vtkMRMLTableNode")


def read_text(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    return _by_storage(scene, path, properties, "vtkMRMLTextNode")


def read_transform(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    import slicer

    node = slicer.modules.transforms.logic().AddTransform(str(path), scene)
    return [] if node is None else [node]


def read_colours(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    import slicer

    node = slicer.modules.colors.logic().LoadColorFile(str(path), _name(path, properties))
    return [] if node is None else [node]


def read_scene(scene: Any, path: Path, properties: _Properties, messages: Any) -> list[Any]:
    """Add a saved scene to this one, or replace it where ``clear`` is true."""
    clear = bool(properties.get("clear", False))
    if path.suffix.lower() == ".mrb":
        done = scene.ReadFromMRB(str(path), clear, messages)
    else:
        scene.SetURL(str(path))
        done = scene.Connect() if clear else scene.Import()
    if not done:
        raise RuntimeError(f"Failed to load node from file: {path}")
    return []


def _by_storage(scene: Any, path: Path, properties: _Properties, class_name: str) -> list[Any]:
    node = scene.CreateNodeByClass(class_name)
    node.UnRegister(None)
    node.SetName(scene.GetUniqueNameByString(_name(path, properties)))
    scene.AddNode(node)
    node.AddDefaultStorageNode()
    node.GetStorageNode().SetFileName(str(path))
    if not node.GetStorageNode().ReadData(node):
        scene.RemoveNode(node)
        return []
    return [node]


def _name(path: Path, properties: _Properties) -> str:
    """The name that was asked for, or the file's."""
    ending = next((end for end in _DOUBLE_ENDINGS if path.name.lower().endswith(end)), path.suffix)
    return str(properties.get("name") or path.name[: len(path.name) - len(ending)])
