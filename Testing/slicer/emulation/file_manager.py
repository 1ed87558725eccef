"""Emulation of the file manager (``qSlicerCoreIOManager``), on which ``slicer.util`` loads and saves.

Real: the readers and writers are those of the module logics and storage nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emulation import readers

_Properties = Mapping[str, Any]

_READERS: dict[str, Callable[[Any, Path, _Properties, Any], list[Any]]] = {
    "VolumeFile": readers.read_volume,
    "SegmentationFile": readers.read_segmentation,
    "TableFile": readers.read_table,
    "TextFile": readers.read_text,
    "ColorTableFile": readers.read_colours,
    "TransformFile": readers.read_transform,
    "SceneFile": readers.read_scene,
}
_ENDINGS = {
    ".seg.nrrd": "SegmentationFile",
    ".seg.nhdr": "SegmentationFile",
    ".mrb": "SceneFile",
    ".mrml": "SceneFile",
    ".csv": "TableFile",
    ".tsv": "TableFile",
    ".txt": "TextFile",
    ".json": "TextFile",
    ".ctbl": "ColorTableFile",
    ".h5": "TransformFile",
    ".tfm": "TransformFile",
}


class FileManager:
    """Loads and saves nodes.

    Args:
        scene: nodes go there.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene

    def fileType(self, filename: str) -> str:
        """Which reader is chosen for a file."""
        name = Path(filename).name.lower()
        return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), "VolumeFile")

    def fileWriterFileType(self, node: Any) -> str:
        return "SceneFile" if node is None else "NodeFile"

    def loadNodes(
        self, filetype: str, properties: _Properties, loaded: Any = None, messages: Any = None
    ) -> bool:
        """Load a file; whether it could be read."""
        import vtk

        path = Path(properties["fileName"])
        if filetype not in _READERS:
            raise LookupError(f"The emulation of Slicer has no reader {filetype}.")
        if not path.exists():
            if messages is not None:
                messages.AddMessage(vtk.vtkCommand.ErrorEvent, f"{path} does not exist.")
            return False
        nodes = _READERS[filetype](self._scene, path, properties, messages)
        for node in nodes:
            if loaded is not None:
                loaded.AddItem(node)
        return bool(nodes) or filetype == "SceneFile"

    def saveNodes(self, filetype: str, properties: _Properties, messages: Any = None) -> bool:
        """Save a node, or the whole scene; whether it could be written."""
        path = Path(properties["fileName"])
        if filetype == "SceneFile":
            return self._save_scene(path, messages)
        node = self._scene.GetNodeByID(properties["nodeID"])
        storage = node.GetStorageNode()
        if storage is None:
            node.AddDefaultStorageNode()
            storage = node.GetStorageNode()
        storage.SetFileName(str(path))
        if "useCompression" in properties:
            storage.SetUseCompression(int(bool(properties["useCompression"])))
        return bool(storage.WriteData(node))

    def _save_scene(self, path: Path, messages: Any) -> bool:
        if path.suffix.lower() == ".mrb":
            return bool(self._scene.WriteToMRB(str(path), None, messages))
        if path.suffix.lower() == ".mrml":
            self._scene.SetURL(str(path))
            self._scene.SetRootDirectory(str(path.parent))
            return bool(self._scene.Commit(str(path)))
        return bool(self._scene.SaveSceneToSlicerDataBundleDirectory(str(path), None, messages))
