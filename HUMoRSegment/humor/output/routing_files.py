"""``routing.json`` and ``routing/<gate>.nii.gz``: which expert decided what, where."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..inference.segmentation import Segmentation
from .folder import OutputFolder
from .names import ROUTING_TABLE, routing_map_names
from .nifti import write_nifti
from .routing_means import routing_means


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
