"""Mean gate weights over the brain and over the tumour."""

from __future__ import annotations

import numpy as np

from ..box import true_places
from ..inference.segmentation import Segmentation
from ..routing import GateMap


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
