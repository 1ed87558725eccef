"""From a trained network to the bundle that the engine loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from humor.bundle.bundle import Bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.bundle.weights import quantise
from humor.errors import UsageError
from humor.inference.openvino_export import export_graph
from humor.networks.build import build


def numpy_weights(network: nn.Module) -> dict[str, np.ndarray]:
    """Tensor name → float32 array of everything in the network's state."""
    return {name: tensor.detach().cpu().float().numpy() for name, tensor in network.state_dict().items()}


def export_bundle(
    network: nn.Module, manifest: Manifest, folder: Path, with_graph: bool, eight_bit: bool = False
) -> Bundle:
    """Write the bundle, replacing one that is there.

    Args:
        network: the trained network; the manifest's ``architecture`` must build the same.
        manifest: its facts; files and graph are filled here.
        with_graph: also write the OpenVINO graph (students only).
        eight_bit: store large weights in 8 bits, for teachers that would be too large to ship.

    Raises:
        UsageError: a graph of weights in 8 bits was asked for.
    """
    weights = numpy_weights(network)
    if with_graph and eight_bit:
        raise UsageError(
            "A network with an OpenVINO graph cannot be stored in 8 bits; leave --eight-bit out."
        )
    if not with_graph:
        return save_bundle(folder, manifest, quantise(weights) if eight_bit else weights, replace=True)
    # Traced from a fresh copy: tracing loads rounded weights.
    exported = export_graph(build(manifest.architecture), weights)
    return save_bundle(folder, replace(manifest, graph=exported.facts), weights, exported.files, replace=True)
