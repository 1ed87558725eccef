"""Output folders with a small known tumour, and what tests ask about the scene."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import slicer

from humor.output.folder import OutputFolder
from humor.output.names import LABEL_MAP, PROBABILITIES, REPORT, ROUTING_TABLE, SEQUENCE_INFLUENCE
from humor.output.nifti import write_nifti
from humor.output.results import INFLUENCE_SCHEMA
from humor.output.results import write_influence as write_as_engine
from humor.regions import REGION_KEYS, regions_to_labels
from HUMoRSegmentLib.scene.geometry import world_grid

SHAPE = (30, 24, 20)  # along i, j, k
AFFINE = np.array([[-1.0, 0, 0, 14], [0, -1.5, 0, 17], [0, 0, 2, -20], [0, 0, 0, 1]])
OBLIQUE = np.array([[0.9, 0.3, 0.05, -31], [-0.31, 1.1, 0.2, 17.25], [0.02, -0.2, 1.9, -42.5], [0, 0, 0, 1]])


def make_volume(name: str = "FLAIR", affine: np.ndarray = AFFINE, shape: tuple[int, ...] = SHAPE) -> Any:
    """A volume as it was segmented."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    values = np.arange(np.prod(shape), dtype=np.int16).reshape(shape[::-1]) % 97
    slicer.util.updateVolumeFromArray(node, values)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(affine))
    node.CreateDefaultDisplayNodes()
    return node


def tumour(centre: tuple[int, int, int] = (14, 11, 9), size: int = 5) -> np.ndarray:
    """Probabilities ``[region, k, j, i]``: falling from 1 at the centre, faster for the inner regions."""
    i, j, k = np.meshgrid(*(np.arange(size) for size in SHAPE), indexing="ij")
    distance = np.sqrt(sum((axis - at) ** 2 for axis, at in zip((i, j, k), centre, strict=True)))
    falls = [np.clip(1 - distance / (2 * size * share), 0, 1) for share in (1.0, 0.7, 0.4)]
    return np.stack([fall.T for fall in falls])


def write_run(
    folder: Path,
    reference: Any,
    values: np.ndarray | None = None,
    used: tuple[str, ...] = ("flair",),
    probabilities: bool = True,
    **entries: Any,
) -> Path:
    """Write what the engine would write for a volume: regions from 0.5 on, no gates."""
    folder.mkdir(parents=True, exist_ok=True)
    values = tumour() if values is None else values
    grid = world_grid(reference)
    masks = np.rint(values * 255) / 255 >= 0.5
    write_nifti(folder / LABEL_MAP, regions_to_labels(masks).T, grid.affine, label=True)
    if probabilities:
        stored = np.rint(values * 255).astype(np.uint8).T
        write_nifti(folder / PROBABILITIES, stored, grid.affine, slope=1 / 255)
    report = {
        "created": "2025-11-21T14:05:09+01:00",
        "sequences": {"used": list(used), "missing": [], "reference": used[0]},
        "inputs": [{"sequence": name, "file": f"{name}.nrrd", "folder": "/tmp/x"} for name in used],
        "grid": {"shape": list(grid.shape), "affine": grid.affine.tolist()},
        "volumes_ml": {
            key: float(mask.sum() * grid.voxel_ml) for key, mask in zip(REGION_KEYS, masks, strict=True)
        },
        "warnings": ["First: a warning.", 'Second; 100 % <sure> & "quoted".'],
        "routing": {"source": "", "gates": []},
        "model": {"name": "made-up", "version": "3.1", "sha256": "00"},
        "device": "CPU",
    }
    (folder / REPORT).write_text(json.dumps(report | entries), encoding="utf-8")
    return folder


def report_of(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    return report


def write_gate(folder: Path, weights: np.ndarray, affine: np.ndarray) -> None:
    """One gate ``[experts, i, j, k]`` in the folder's record."""
    experts = [f"expert {number + 1}" for number in range(len(weights))]
    means = dict.fromkeys(experts, 0.5)
    entry: dict[str, Any] = {"name": "gate", "experts": experts, "file": "gate.nii.gz", "mean_weights": means}
    entry |= {"mean_weights_brain": means, "mean_weights_tumour": None}
    routing = {"source": "learned", "gates": [entry]}
    nibabel.save(nibabel.Nifti1Image(np.moveaxis(weights, 0, -1), affine), folder / "gate.nii.gz")
    (folder / ROUTING_TABLE).write_text(json.dumps(routing), encoding="utf-8")
    report = report_of(folder) | {"routing": routing}
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


def masks_of(segmentation: Any, volume: Any) -> dict[str, np.ndarray]:
    """Segment → bool ``[k, j, i]`` on a volume's grid, as Slicer exports it."""
    ids = segmentation.GetSegmentation().GetSegmentIDs()
    export = slicer.util.arrayFromSegmentBinaryLabelmap
    return {one: export(segmentation, one, volume).astype(bool) for one in ids}


def paint(segmentation: Any, key: str, volume: Any, mask: np.ndarray) -> None:
    """Change a segment as the user would."""
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), segmentation, key, volume)


def names_of(segmentation: Any) -> dict[str, str]:
    content = segmentation.GetSegmentation()
    return {one: content.GetSegment(one).GetName() for one in content.GetSegmentIDs()}


def scene_as_text() -> str:
    """Everything that would be saved of the scene, without files."""
    scene = slicer.mrmlScene
    scene.SetSaveToXMLString(1)
    scene.Commit()
    text = str(scene.GetSceneXMLString())
    scene.SetSaveToXMLString(0)
    return text


def content_of(nodes: Sequence[Any]) -> list[Any]:
    """The voxels or rows of nodes."""
    return [_rows(node) if node.IsA("vtkMRMLTableNode") else _voxels(node) for node in nodes]


def _rows(table: Any) -> list[list[str]]:
    columns = range(table.GetNumberOfColumns())
    return [[table.GetCellText(row, column) for column in columns] for row in range(table.GetNumberOfRows())]


def _voxels(volume: Any) -> bytes:
    return bytes(slicer.util.arrayFromVolume(volume).tobytes())


def write_influence(folder: Path, effects: list[dict[str, Any]]) -> None:
    """What ``humor influence`` writes."""
    with OutputFolder(folder, SEQUENCE_INFLUENCE) as out:
        write_as_engine(out, {"schema": INFLUENCE_SCHEMA, "effects": effects})
