"""Reading the engine's record of its gates from an output folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.output.names import ROUTING_TABLE
from humor.routing import GateMap, Routing


def read_routing(output: Path) -> Routing:
    """All gates of a run, in the network's order.

    Args:
        output: the folder that ``humor segment`` wrote.

    Returns:
        The gates' maps; none where the model has no experts (the folder then has no ``routing.json``).

    Raises:
        InputError: a file is missing or damaged; names it.
    """
    path = output / ROUTING_TABLE
    if not path.is_file():
        return Routing()
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        gates = [_read_gate(output, entry) for entry in facts["gates"]]
        return Routing(gates, str(facts["source"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            _("{path} is no record of gates ({reason}). Segment the study again.").format(
                path=path, reason=error
            )
        ) from error


def _read_gate(output: Path, entry: dict[str, Any]) -> GateMap:
    experts = tuple(str(name) for name in entry["experts"])
    weights, affine = _read_map(output / entry["file"], len(experts))
    return GateMap(str(entry["name"]), experts, weights, affine)


def _read_map(path: Path, experts: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights ``[experts, d, h, w]`` float32 and the affine of a map.

    Some programs drop last axes of length one when they write NIfTI, so a map of one place, or of one
    expert, may have fewer axes than four.
    """
    import nibabel

    try:
        image = nibabel.load(path)
        values = np.asarray(image.dataobj, dtype=np.float32)
    except Exception as error:  # nibabel's and zlib's errors for damaged files have no common base
        raise InputError(
            _("{path} cannot be read ({reason}). Segment the study again.").format(path=path, reason=error)
        ) from error
    grid = tuple((*values.shape, 1, 1, 1)[:3])
    if values.size != np.prod(grid) * experts or not np.isfinite(values).all():
        raise InputError(
            _("{path} does not hold the weights of {count} experts. Segment the study again.").format(
                path=path, count=experts
            )
        )
    return np.moveaxis(values.reshape(*grid, experts), -1, 0), np.asarray(image.affine, np.float64)
