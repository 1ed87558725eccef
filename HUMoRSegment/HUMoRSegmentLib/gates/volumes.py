"""A result's gates in the scene: one hidden vector volume each, a component for every expert."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError
from humor.routing import GateMap

from ..scene import references
from . import layers
from .files import read_routing

_LEAST_COMPONENTS = 2
"""Slicer writes vector volumes of one component and then cannot read them: a single expert's weights
get a second, empty component."""


@dataclass(frozen=True)
class Gate:
    """A gate of a result in the scene.

    Attributes:
        name: e.g. ``group2/block5``.
        experts: names, in the order of the weights.
        source: ``learned`` or ``distilled``.
        node: the vector volume; its coordinates are those of the segmentation.
    """

    name: str
    experts: tuple[str, ...]
    source: str
    node: Any

    def weights(self) -> np.ndarray:
        """Weights ``[experts, k, j, i]``, 0 to 1: a view of the node's own memory, not to be written."""
        return np.moveaxis(slicer.util.arrayFromVolume(self.node), -1, 0)[: len(self.experts)]

    def affine(self) -> np.ndarray:
        """4×4 from the index ``(i, j, k)`` to RAS in mm, before the segmentation's transform."""
        return ijk_to_ras(self.node)


def load_gates(output: Path, segmentation: Any) -> list[Any]:
    """Bring all gates of a finished run into the scene, in place of those that were there.

    Everything is read before the scene is touched.

    Args:
        output: the folder that ``humor segment`` wrote.
        segmentation: the result; it refers to the gates afterwards.

    Returns:
        The nodes in the network's order; none where the model has no experts.

    Raises:
        InputError: a file is missing or damaged; the scene is as it was.
    """
    routing = read_routing(output)
    remove_gates(segmentation)
    nodes = [_make_node(gate, routing.source, segmentation) for gate in routing.gates]
    for node in nodes:
        segmentation.AddNodeReferenceID(references.GATE, node.GetID())
    return nodes


def remove_gates(segmentation: Any) -> None:
    """Take a result's gates out of the scene, and what is drawn of them out of the slice views."""
    layers.clear(segmentation)
    nodes = _nodes(segmentation)
    segmentation.RemoveNodeReferenceIDs(references.GATE)
    for node in nodes:
        slicer.mrmlScene.RemoveNode(node)


def gates_of(segmentation: Any) -> list[Gate]:
    """The gates of a result, also in a scene that was saved and loaded again; none if it has none."""
    return [
        Gate(
            node.GetAttribute(references.GATE_NAME) or node.GetName(),
            tuple(json.loads(node.GetAttribute(references.EXPERTS) or "[]")),
            node.GetAttribute(references.ROUTING_SOURCE) or "",
            node,
        )
        for node in _nodes(segmentation)
    ]


def find_gate(segmentation: Any, name: str) -> Gate:
    """A result's gate by its name.

    Raises:
        UsageError: there is none of this name.
    """
    gates = gates_of(segmentation)
    for gate in gates:
        if gate.name == name:
            return gate
    if not gates:
        raise UsageError(
            _("{segmentation} has no record of experts: its model has none, or they were removed.").format(
                segmentation=segmentation.GetName()
            )
        )
    raise UsageError(
        _("{segmentation} has no gate “{gate}”. Its gates are {gates}.").format(
            segmentation=segmentation.GetName(), gate=name, gates=", ".join(gate.name for gate in gates)
        )
    )


def ijk_to_ras(volume: Any) -> np.ndarray:
    """4×4 from voxel index to RAS of a volume node, before its parent transform."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def fill_volume(volume: Any, values: np.ndarray, affine: np.ndarray) -> None:
    """Give a volume node voxels ``[k, j, i]`` or ``[k, j, i, component]`` and a place, as one change."""
    modified = volume.StartModify()
    try:
        slicer.util.updateVolumeFromArray(volume, np.ascontiguousarray(values))
        volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(affine))
    finally:
        volume.EndModify(modified)


def _make_node(gate: GateMap, source: str, segmentation: Any) -> Any:
    node = slicer.vtkMRMLVectorVolumeNode()
    node.SetName(f"{segmentation.GetName()} {gate.name}")
    node.SetHideFromEditors(True)  # before it is in the scene, or it would be listed among the data
    node.SetAttribute(references.GATE_NAME, gate.name)
    node.SetAttribute(references.EXPERTS, json.dumps(gate.experts, ensure_ascii=False))
    node.SetAttribute(references.ROUTING_SOURCE, source)
    values = gate.weights.transpose(3, 2, 1, 0)
    missing = max(0, _LEAST_COMPONENTS - len(gate.experts))
    fill_volume(node, np.pad(values, ((0, 0),) * 3 + ((0, missing),)), gate.affine)
    slicer.mrmlScene.AddNode(node)
    # The storage node that Slicer would choose itself writes at most four components.
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLNRRDStorageNode")
    node.SetAndObserveStorageNodeID(storage.GetID())
    return node


def _nodes(segmentation: Any) -> list[Any]:
    count = segmentation.GetNumberOfNodeReferences(references.GATE)
    nodes = (segmentation.GetNthNodeReference(references.GATE, index) for index in range(count))
    return [node for node in nodes if node is not None]
