"""``routing.json`` and ``routing/<gate>.nii.gz``: which expert decided what, where, and in the mean."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..box import true_places
from ..inference.segmentation import Segmentation
from ..routing import GateMap
from .folder import OutputFolder
from .names import ROUTING_TABLE, routing_map_names
from .nifti import write_nifti


def routing_facts(segmentation: Segmentation) -> dict[str, Any]:
    """The facts of ``routing.json`` and of the reports.

    Returns:
        ``Routing.to_table()``, and for each gate the ``file`` of its map, its ``shape``
        ``[d, h, w]`` and its mean weights over the brain and over the whole tumour
        (``mean_weights_brain``; ``mean_weights_tumour``, None where there is no tumour).
    """
    table = segmentation.routing.to_table()
    if not table["gates"]:
        return table
    means = routing_means(segmentation)
    files = routing_map_names(gate.name for gate in segmentation.routing.gates)
    for facts, gate in zip(table["gates"], segmentation.routing.gates, strict=True):
        facts["file"] = files[gate.name]
        facts["shape"] = list(gate.weights.shape[1:])
        facts["mean_weights_brain"] = means["brain"][gate.name]
        facts["mean_weights_tumour"] = means["tumour"][gate.name] if "tumour" in means else None
    return table


def write_routing(out: OutputFolder, segmentation: Segmentation, facts: dict[str, Any]) -> None:
    """Stage the table and one 4-D map per gate (last axis: experts, float32); nothing without gates.

    Args:
        out: the folder.
        segmentation: whose gates.
        facts: as from ``routing_facts``.

    Raises:
        OSError, OutputError: a file cannot be written.
    """
    for entry, gate in zip(facts["gates"], segmentation.routing.gates, strict=True):
        weights = np.moveaxis(gate.weights.astype(np.float32, copy=False), 0, -1)
        write_nifti(out.file(entry["file"]), weights, gate.affine, description="HUMoR gate weights")
    if facts["gates"]:
        text = json.dumps(facts, indent=2, ensure_ascii=False)
        out.file(ROUTING_TABLE).write_text(text + "\n", encoding="utf-8")


def routing_means(segmentation: Segmentation) -> dict[str, dict[str, dict[str, float]]]:
    """``brain`` and (if there is one) ``tumour`` → gate → expert → mean weight.

    Every voxel of the brain (working grid) or of the whole tumour (native grid) counts with the
    weights of the place of the gate's map that lies nearest to it.
    """
    case, routing = segmentation.case, segmentation.routing
    means = {"brain": routing.mean_weights(_shares(case.brain, case.grid.affine, routing.gates))}
    tumour = segmentation.regions[0]
    if tumour.any():
        means["tumour"] = routing.mean_weights(_shares(tumour, case.native.affine, routing.gates))
    return means


def _shares(mask: np.ndarray, affine: np.ndarray, gates: list[GateMap]) -> dict[str, np.ndarray]:
    """Gate name → how many voxels of the mask lie nearest to each place ``[d, h, w]`` of its map."""
    voxels = np.ascontiguousarray(true_places(mask).T, np.float32)
    known: dict[tuple[tuple[int, ...], bytes], np.ndarray] = {}
    shares = {}
    for gate in gates:
        shape = gate.weights.shape[1:]
        key = (shape, gate.affine.tobytes())  # most gates of a network share one patch grid
        if key not in known:
            known[key] = _count(voxels, np.linalg.inv(gate.affine) @ affine, shape)
        shares[gate.name] = known[key]
    return shares


def _count(voxels: np.ndarray, to_gate: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Voxels ``[3, n]`` per nearest place; those beyond the map count at its border."""
    matrix = to_gate.astype(np.float32)
    flat = np.zeros(voxels.shape[1], np.int64)
    for axis, size in enumerate(shape):
        place = np.rint(matrix[axis, :3] @ voxels + matrix[axis, 3])
        flat = flat * size + np.clip(place, 0, size - 1).astype(np.int64)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(np.float32)
