"""Results with gates whose weights are known, for the tests in this folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import slicer
from slicer.util import vtkMatrixFromArray

from humor.output.names import ROUTING_TABLE, routing_map_names

EXPERTS = ("expert 1", "expert 2", "expert 3")
SHAPE = (24, 20, 16)  # of the image along i, j, k
IMAGE_AFFINE = np.array([[-1.0, 0, 0, 12], [0, -1.5, 0, 15], [0, 0, 2, -16], [0, 0, 0, 1]])
# Voxels of the map: 8 × 10 × 8 voxels of the image, and the axes in another order and direction.
MAP_AFFINE = np.array([[0, 0, -8.0, 8.5], [0, -15, 0, 8.25], [16, 0, 0, -9], [0, 0, 0, 1]])
OBLIQUE = np.array([[6.1, 1.2, -0.4, -31], [-1.1, 6.2, 0.7, 17.25], [0.5, -0.6, 7.9, -42.5], [0, 0, 0, 1]])


def random_weights(shape: Sequence[int], experts: int = 3, seed: int = 0) -> np.ndarray:
    """Weights ``[experts, d, h, w]`` that sum to 1."""
    logits = np.random.default_rng(seed).normal(size=(experts, *shape)) * 2
    powers = np.exp(logits)
    return (powers / powers.sum(axis=0)).astype(np.float32)


def write_output(
    folder: Path,
    gates: Mapping[str, tuple[np.ndarray, np.ndarray]],
    source: str = "learned",
    tumour: bool = True,
) -> dict[str, Any]:
    """Write the record of gates that the engine would write; returns the routing.

    Args:
        folder: the output folder.
        gates: name → weights ``[experts, d, h, w]`` and affine.
        source: ``learned`` or ``distilled``.
        tumour: whether there is one.
    """
    files = routing_map_names(gates)
    routing: dict[str, Any] = {"source": source, "gates": []}
    for name, (weights, affine) in gates.items():
        path = folder / files[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        header = nibabel.Nifti1Header()
        header.set_data_dtype(np.float32)
        image = nibabel.Nifti1Image(np.moveaxis(weights, 0, -1), affine, header)
        image.set_sform(affine, 1)
        nibabel.save(image, path)
        experts = [f"expert {number + 1}" for number in range(len(weights))]
        brain = {expert: float(one.mean()) for expert, one in zip(experts, weights, strict=True)}
        inside = {expert: float(one.max()) for expert, one in zip(experts, weights, strict=True)}
        entry = {"name": name, "experts": experts, "mean_weights": brain, "file": files[name]}
        entry |= {"shape": list(weights.shape[1:]), "mean_weights_brain": brain}
        routing["gates"].append(entry | {"mean_weights_tumour": inside if tumour else None})
    (folder / ROUTING_TABLE).write_text(json.dumps(routing), encoding="utf-8")
    return routing


def make_image(values: np.ndarray | None = None) -> Any:
    """The image that was segmented, ``[k, j, i]``: nothing at its edges, 100 within."""
    if values is None:
        values = np.zeros(SHAPE[::-1], np.float32)
        values[2:-2, 2:-2, 2:-2] = 100
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "FLAIR")
    slicer.util.updateVolumeFromArray(node, values)
    node.SetIJKToRASMatrix(vtkMatrixFromArray(IMAGE_AFFINE))
    node.CreateDefaultDisplayNodes()
    return node


def make_segmentation(image: Any, tumour: np.ndarray | None = None) -> Any:
    """A segmentation on the image's grid; with a whole tumour where a mask ``[k, j, i]`` is given."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Tumour")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(image)
    if tumour is not None:
        node.GetSegmentation().AddEmptySegment("WT", "Whole tumour")
        slicer.util.updateSegmentBinaryLabelmapFromArray(tumour.astype(np.uint8), node, "WT", image)
    return node


def world(affine: np.ndarray, index: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """RAS of a voxel ``(i, j, k)``."""
    return tuple(float(value) for value in affine[:3, :3] @ np.asarray(index) + affine[:3, 3])


def slice_view(name: str = "Red") -> Any:
    """What a slice view shows in its layers."""
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()


def saved_and_loaded(path: Path) -> Any:
    """Save the scene as one file, close it, load it again; returns its segmentation."""
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(path))
    return slicer.util.getNodesByClass("vtkMRMLSegmentationNode")[0]


def picture(view: str = "Red") -> np.ndarray:
    """What a slice view shows, all layers blended: RGB ``[rows, columns, 3]``, first row lowest."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    logic = slicer.app.layoutManager().sliceWidget(view).sliceLogic()
    logic.UpdatePipeline()
    producer = logic.GetImageDataConnection().GetProducer()
    producer.Update()
    image = producer.GetOutput()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars())
    return pixels.reshape(*image.GetDimensions()[1::-1], -1)[..., :3]


def pixel_at(ras: Sequence[float], view: str = "Red") -> tuple[int, ...]:
    """The colour that a slice view shows at a place, after moving to its slice."""
    node = slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode()
    node.JumpSliceByOffsetting(*ras)
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    to_pixels = vtkMatrix4x4()
    vtkMatrix4x4.Invert(node.GetXYToRAS(), to_pixels)
    x, y, _z, _one = to_pixels.MultiplyPoint((*ras, 1.0))
    return tuple(int(value) for value in picture(view)[round(y), round(x)])
