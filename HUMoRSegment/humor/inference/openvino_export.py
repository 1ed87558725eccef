"""A network's OpenVINO graph whose constants lie in the bundle's own safetensors files."""

from __future__ import annotations

import hashlib
import json
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..bundle.weights import encode_weights
from ..sequences import SEQUENCES
from .openvino_backend import import_openvino

GRAPH, CONSTANTS = "openvino.xml", "openvino.bin"
_ALIGNMENT = 64


@dataclass(frozen=True)
class ExportedGraph:
    """``files``: name → content; ``facts``: the manifest's ``graph`` entry."""

    files: dict[str, bytes]
    facts: dict[str, Any]


class _Flat(nn.Module):
    """A network as the backend wants it: image in, probabilities and all gates' weights out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        # The backend zeroes missing channels; a plain network reads nothing else from the flags.
        available = torch.ones(1, len(SEQUENCES), dtype=torch.bool)
        prediction = self.network(image, available)
        probabilities = torch.sigmoid(prediction.logits)
        if not prediction.routing:
            return (probabilities,)
        return probabilities, torch.cat([gate.weights for gate in prediction.routing], dim=1)


def export_graph(network: nn.Module, weights: Mapping[str, np.ndarray]) -> ExportedGraph:
    """Trace a network that does not look at availability, and point its constants at its weights.

    Args:
        network: a student (no gate that reads ``available``), in float32.
        weights: tensor → array, exactly as given to ``save_bundle``.

    Raises:
        ValueError: more than a few small constants are not found among the weights.
    """
    openvino = import_openvino()
    _load_halved(network, weights)
    network.eval()
    example = torch.zeros(1, len(SEQUENCES), 96, 96, 96)
    with torch.no_grad():
        gates = len(network(example, torch.ones(1, len(SEQUENCES), dtype=torch.bool)).routing)
        model = openvino.convert_model(_Flat(network), example_input=example)
    model.reshape({model.inputs[0]: openvino.PartialShape([1, len(SEQUENCES), -1, -1, -1])})
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / GRAPH
        openvino.save_model(model, xml, compress_to_fp16=True)
        tree = ElementTree.parse(xml)
        constants = (Path(folder) / CONSTANTS).read_bytes()
    small = _redirect(tree, constants, encode_weights(weights))
    text = ElementTree.tostring(tree.getroot(), encoding="utf-8", xml_declaration=True)
    facts = {"xml": GRAPH, "constants": CONSTANTS, "gates": gates, "openvino": openvino.__version__}
    return ExportedGraph({GRAPH: text, CONSTANTS: small}, facts)


def _load_halved(network: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Give the network the numbers that the bundle will hold: rounded to half precision."""
    state = {name: torch.from_numpy(array.astype(np.float16)).float() for name, array in weights.items()}
    network.load_state_dict(state)


def _redirect(
    tree: ElementTree.ElementTree[ElementTree.Element], constants: bytes, files: Mapping[str, bytes]
) -> bytes:
    """Set every constant's offset to where its bytes lie; return the constants kept apart."""
    wanted = [
        node for layer in tree.iter("layer") if layer.get("type") == "Const" for node in layer.iter("data")
    ]
    places = _tensor_places(files)
    kept, rest = bytearray(), []
    for node in wanted:
        begin, size = int(node.get("offset", "0")), int(node.get("size", "0"))
        content = constants[begin : begin + size]
        place = places.get(hashlib.sha256(content).digest())
        if place is None:
            node.set("offset", str(len(kept)))
            kept += content + bytes(-len(content) % _ALIGNMENT)
        else:
            rest.append((node, place))
    if len(kept) > 1 << 20:
        raise ValueError(f"{len(kept)} bytes of the graph's constants are not among the weights")
    for node, place in rest:
        node.set("offset", str(len(kept) + place))
    return bytes(kept)


def _tensor_places(files: Mapping[str, bytes]) -> dict[bytes, int]:
    """SHA-256 of every tensor's bytes → its offset in all files, one behind the other.

    A safetensors file is: header length (8 bytes, little endian), header (JSON), tensors.
    """
    places: dict[bytes, int] = {}
    before = 0
    for _, data in sorted(files.items()):
        length = int.from_bytes(data[:8], "little")
        for name, entry in json.loads(data[8 : 8 + length]).items():
            if name == "__metadata__":
                continue
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            places[hashlib.sha256(data[begin:end]).digest()] = before + begin
        before += len(data)
    return places
