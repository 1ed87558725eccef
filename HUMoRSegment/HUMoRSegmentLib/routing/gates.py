"""A result's gates in the scene: one hidden vector volume each, a component for every expert."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import UsageError
from humor.routing import GateMap

from ..scene import references
from ..scene.geometry import own_grid, reference_grid
from ..scene.run_output import read_routing
from ..scene.views import hide_overlay

_LEAST_COMPONENTS = 2
"""Slicer writes vector volumes of one component and then cannot read them: a single expert's weights
get a second, empty component."""
_PLACES = 2
"""Along each axis of a gate that decides once: one voxel has no extent for some of Slicer's tools."""


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
        return own_grid(self.node).affine


class ShownMap(NamedTuple):
    """Weights in the segmentation's own coordinates.

    Attributes:
        weights: ``[experts, k, j, i]``.
        affine: 4×4 from the index ``(i, j, k)`` to RAS in mm.
    """

    weights: np.ndarray
    affine: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Places along i, j and k."""
        return tuple(self.weights.shape[:0:-1])  # type: ignore[return-value]

    def places(self, ras: np.ndarray) -> np.ndarray:
        """The indices ``(i, j, k)`` nearest to points ``[n, 3]``; they may lie beyond the map."""
        to_places = np.linalg.inv(self.affine)
        return np.rint(ras @ to_places[:3, :3].T + to_places[:3, 3]).astype(np.int64)


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
    hide_overlay(segmentation)
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
            _(
                "{segmentation} holds no expert weights: its model has no experts, or they were removed."
            ).format(segmentation=segmentation.GetName())
        )
    raise UsageError(
        _('{segmentation} has no gate "{gate}". Its gates are {gates}.').format(
            segmentation=segmentation.GetName(), gate=name, gates=", ".join(gate.name for gate in gates)
        )
    )


def fill_volume(volume: Any, values: np.ndarray, affine: np.ndarray) -> None:
    """Give a volume node voxels ``[k, j, i]`` or ``[k, j, i, component]`` and a place, as one change."""
    modified = volume.StartModify()
    try:
        slicer.util.updateVolumeFromArray(volume, np.ascontiguousarray(values))
        volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(affine))
    finally:
        volume.EndModify(modified)


def shown_map(segmentation: Any, gate: Gate) -> ShownMap:
    """Where a gate's weights hold.

    A gate that decides once for the whole image has one place: its weights are given to a coarse grid
    over the image that was segmented.
    """
    weights = gate.weights()
    image = reference_grid(segmentation) if weights[0].size == 1 else None
    if image is None or not min(image.shape):
        return ShownMap(weights, gate.affine())
    size = np.asarray(image.shape, float)
    # From an index of the coarse grid to one of the image: both grids begin half a voxel before 0.
    coarse = np.diag([*(size / _PLACES), 1.0])
    coarse[:3, 3] = size / _PLACES / 2 - 0.5
    spread = np.broadcast_to(weights, (len(weights), _PLACES, _PLACES, _PLACES))
    return ShownMap(spread, image.affine @ coarse)


def source_sentence(source: str) -> str:
    """Whose weights these are.

    Args:
        source: ``learned``, ``distilled``, or empty where it is not known.
    """
    if source == "distilled":
        return _(
            "Distilled from the teacher: this small model has no experts of its own. "
            "It predicts how its teacher would have weighed the teacher's experts on this image."
        )
    if source == "learned":
        return _("Learned: the model itself weighs its experts by these numbers; they add up to 1.")
    return _("This result holds no expert weights.")


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
