"""Volume nodes for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

OBLIQUE = np.array([[0.98, -0.17, 0.05, -80.5], [0.17, 0.98, 0.08, -120.25], [-0.06, -0.07, 0.99, -60.125]])


def matrix(affine: np.ndarray) -> Any:
    made = vtk.vtkMatrix4x4()
    for row in range(3):
        for column in range(4):
            made.SetElement(row, column, float(affine[row, column]))
    return made


def volume(
    name: str,
    data: np.ndarray | None = None,
    affine: np.ndarray | None = None,
    kind: str = "vtkMRMLScalarVolumeNode",
) -> Any:
    """A volume node of the scene with ``data[k, j, i]``."""
    node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
    slicer.util.updateVolumeFromArray(node, noise() if data is None else data)
    node.SetIJKToRASMatrix(matrix(np.eye(4) if affine is None else affine))
    return node


def noise(shape: tuple[int, int, int] = (52, 51, 50), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(100, 20, shape).astype(np.float32)


def brain(
    shape: tuple[int, int, int] = (80, 90, 75), centre: tuple[float, float, float] = (0, 0, 0), seed: int = 0
) -> np.ndarray:
    """A ball of noise of some 1100 ml at 2 mm, on exact zeros, as a skull-stripped brain has."""
    places = np.indices(shape).T - (np.array(shape) - 1) / 2 - np.array(centre)
    inside = (np.linalg.norm(places, axis=-1) < 32).T
    return np.where(inside, np.random.default_rng(seed).normal(100, 10, shape), 0).astype(np.float32)


def spacing(*lengths: float) -> np.ndarray:
    return np.diag([*lengths, 1.0])


def move(node: Any, affine: np.ndarray, parent: Any = None) -> Any:
    """Put a node under a new linear transform, which may have a parent itself."""
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix(affine))
    if parent is not None:
        transform.SetAndObserveTransformNodeID(parent.GetID())
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def bend(node: Any, shift: float = 3.0) -> Any:
    """Put a node under a spline that keeps eight far corners and moves the middle by ``shift`` mm."""
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for x in (-150, 150):
        for y in (-150, 150):
            for z in (-150, 150):
                source.InsertNextPoint(x, y, z)
                target.InsertNextPoint(x, y, z)
    source.InsertNextPoint(0, 0, 0)
    target.InsertNextPoint(shift, 0, 0)
    spline = vtk.vtkThinPlateSplineTransform()
    spline.SetSourceLandmarks(source)
    spline.SetTargetLandmarks(target)
    spline.SetBasisToR()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode")
    transform.SetAndObserveTransformToParent(spline)
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


class DicomDatabase:
    """Stands in for ``slicer.dicomDatabase``: instances with their tags."""

    isOpen = True

    def __init__(self, instances: Mapping[str, Mapping[str, str]]) -> None:
        self.instances = instances

    def fileForInstance(self, uid: str) -> str:
        return f"{uid}.dcm" if uid in self.instances else ""

    def instanceValue(self, uid: str, tag: str) -> str:
        return self.instances[uid].get(tag, "")
