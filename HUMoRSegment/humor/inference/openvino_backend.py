"""The student on CPUs through OpenVINO: no torch, half the time, a third of the memory.

A bundle's graph (``openvino.xml``) holds no weights of its own: its constants point into one buffer
made of ``openvino.bin`` (a few small constants) and the bundle's safetensors files, one behind the
other. So there is one copy of the weights, and graph and weights cannot differ.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..bundle.bundle import Bundle
from ..bundle.rules import GET_AGAIN
from ..bundle.weights import weight_files
from ..errors import BundleError
from ..memory.shortage import is_memory_failure, release_memory
from ..networks.names import TOKEN, expert_names, gate_names
from ..regions import REGION_KEYS
from ..routing import GateMap
from ..sequences import SEQUENCES
from .backend import OutOfMemory, Raw, Strategy
from .windows import place_affine, stitch

if TYPE_CHECKING:
    import openvino


KEPT_SHAPES = 2
"""Compiled window shapes that are kept: cases of a batch often share theirs."""
MOST_EXPERTS = 8
"""Of a gate, to tell a graph's output from one of other gates."""


class OpenVinoBackend:
    """Reads the graph at once; compiles it for a window's shape when that is known.

    Args:
        bundle: one whose manifest names a graph.
        precision: ``auto``, ``bf16`` or ``fp32``.

    Raises:
        BundleError: damaged or unreadable files.
    """

    multiple = TOKEN
    distilled = True  # only networks without gates of their own have a graph

    def __init__(self, bundle: Bundle, precision: str = "auto") -> None:
        self._core = import_openvino().Core()
        self._model = _read(self._core, bundle)
        self._gates = int(bundle.manifest.graph["gates"])
        self._graph = bundle.folder / str(bundle.manifest.graph["xml"])
        _check_form(self._model, self._gates, self._graph)
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._low = has_bf16 and precision in ("auto", "bf16")
        self._compiled: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    @property
    def label(self) -> str:
        """What it runs on and how."""
        return f"CPU (OpenVINO, {'bf16' if self._low else 'fp32'})"

    def run(
        self,
        image: np.ndarray,
        available: tuple[bool, ...],
        strategy: Strategy,
        progress: Callable[[float], None],
    ) -> Raw:
        """See ``Backend.run``. A missing sequence's channel is zeroed here."""
        missing = [channel for channel, there in enumerate(available) if not there]
        if image[missing].any():  # cases have zeros there already: then no copy of a whole brain is made
            image = image.copy()
            image[missing] = 0
        try:
            if strategy.window is None:
                probabilities, gates = self._predict(image)
                probabilities, gates = probabilities.copy(), None if gates is None else gates.copy()
                progress(1.0)
            else:
                probabilities, gates = stitch(
                    image, strategy.window, strategy.overlap, lambda part: self._predict(part), progress
                )
            return Raw(probabilities, [] if gates is None else _gate_maps(gates))
        except (MemoryError, RuntimeError) as error:
            if not is_memory_failure(error):
                raise _unusable(self._graph, str(error).strip().splitlines()[-1]) from error
            message = str(error)
        # Outside the handler: the traceback would keep the failed run's memory alive.
        self._compiled.clear()
        release_memory()
        raise OutOfMemory(message)

    def _predict(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities and gates, as views of OpenVINO's memory that the next call overwrites."""
        outputs = self._network(image.shape)(image[None], share_outputs=True)
        probabilities = outputs[0][0]
        if not self._gates:
            return probabilities, None
        gates = outputs[1][0]
        return probabilities, gates.reshape(self._gates, -1, *gates.shape[1:])

    def _network(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        key = tuple(shape)
        if key not in self._compiled:
            self._model.reshape([1, *shape])
            hint = {"INFERENCE_PRECISION_HINT": "bf16" if self._low else "f32", "PERFORMANCE_HINT": "LATENCY"}
            while len(self._compiled) >= KEPT_SHAPES:
                self._compiled.popitem(last=False)
            self._compiled[key] = self._core.compile_model(self._model, "CPU", hint)
        self._compiled.move_to_end(key)
        return self._compiled[key]


def _gate_maps(gates: np.ndarray) -> list[GateMap]:
    """Gates ``[G, E, d, h, w]`` on the token grid, with the names that every student's gates have."""
    experts, affine = expert_names(gates.shape[1]), place_affine((TOKEN, TOKEN, TOKEN))
    names = gate_names(len(gates))
    return [GateMap(name, experts, weights, affine) for name, weights in zip(names, gates, strict=True)]


def _read(core: openvino.Core, bundle: Bundle) -> openvino.Model:
    openvino = import_openvino()
    graph = bundle.manifest.graph
    parts = [bundle.read(str(graph["constants"]))]
    parts += [bundle.read(name) for name in weight_files(bundle.manifest.files, bundle.folder)]
    buffer = np.frombuffer(b"".join(parts), np.uint8)
    try:
        return core.read_model(model=bundle.read(str(graph["xml"])), weights=openvino.Tensor(buffer))
    except (RuntimeError, ValueError, TypeError) as error:  # ValueError: its words are no text
        if is_memory_failure(error):
            raise
        raise BundleError(
            f"{bundle.folder / str(graph['xml'])}: OpenVINO {openvino.__version__} cannot read this graph "
            f"({str(error).strip().splitlines()[-1]}). Update OpenVINO, or install torch and use it instead."
        ) from error


def _check_form(model: openvino.Model, gates: int, graph: Path) -> None:
    """Whether a graph takes and gives what ``_predict`` expects."""
    inputs, outputs = ([each.partial_shape for each in ends] for ends in (model.inputs, model.outputs))
    if len(inputs) != 1 or not _has(inputs[0], len(SEQUENCES)):
        raise _unusable(graph, f"it does not take one image with {len(SEQUENCES)} channels")
    if len(outputs) != (2 if gates else 1) or not _has(outputs[0], len(REGION_KEYS)):
        raise _unusable(
            graph, f"it does not give {len(REGION_KEYS)} probabilities and the gates of bundle.json"
        )
    if gates and not any(_has(outputs[1], gates * experts) for experts in range(2, MOST_EXPERTS + 1)):
        raise _unusable(graph, f"its output does not hold {gates} gates, which bundle.json speaks of")


def _has(shape: openvino.PartialShape, channels: int) -> bool:
    if shape.rank.is_dynamic or len(shape) != 5:
        return False
    return shape[1].is_static and shape[1].get_length() == channels


def _unusable(graph: Path, reason: str) -> BundleError:
    return BundleError(f"{graph}: this graph cannot be used ({reason}). {GET_AGAIN}")


def refuse_statistics() -> None:
    """Keep OpenVINO from reporting to a statistics server; call it before the first import.

    On import it would send an event unless its user has opted out, from a forked copy of the process
    that lives until the network answers. A module that is None cannot be imported, and OpenVINO has a
    stand-in for where its package of statistics is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def import_openvino() -> Any:
    """The module ``openvino``, which reports to nobody.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    refuse_statistics()
    import openvino

    return openvino
