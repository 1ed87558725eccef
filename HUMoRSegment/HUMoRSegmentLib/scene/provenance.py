"""Where a result comes from, as attributes and references of its segmentation node."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import slicer

from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.store import find_bundle
from humor.errors import HumorError
from humor.regions import REGION_KEYS, USUAL_THRESHOLD
from humor.sequences import SEQUENCES, subset_name

from . import references


def write_provenance(
    segmentation: Any, report: Mapping[str, Any], manifest: Manifest | None, warnings: Sequence[str]
) -> None:
    """Say on the node what the run said of itself, in place of what an earlier run said.

    Args:
        segmentation: the result.
        report: the content of ``report.json``.
        manifest: of the model; None if it is not installed any more.
        warnings: of the run and of showing it.
    """
    model = report["model"]
    attributes = {
        references.MODEL: str(model.get("name", "")),
        references.MODEL_TITLE: manifest.title if manifest else str(model.get("name", "")),
        references.MODEL_VERSION: str(model.get("version", "")),
        references.MODEL_SHA256: str(model.get("sha256", "")),
        references.SEQUENCES_USED: subset_name(report["sequences"]["used"]),
        references.DEVICE: str(report.get("device", "")),
        references.CREATED: _utc(str(report.get("created", ""))),
        references.WARNINGS: "\n".join(warnings),
        references.REPORT: json.dumps(report, ensure_ascii=False),
        references.THRESHOLDS: json.dumps(dict(manifest.thresholds)) if manifest else "",
        references.MIN_COMPONENT_ML: repr(float(manifest.min_component_ml)) if manifest else "",
    }
    for name, value in attributes.items():
        if value:
            segmentation.SetAttribute(name, value)
        else:
            segmentation.RemoveAttribute(name)


def write_inputs(segmentation: Any, sequences: Mapping[str, Any]) -> None:
    """Refer to the volumes that were segmented, as far as they are still in the scene."""
    for name in SEQUENCES:
        node = sequences.get(name)
        if node is not None and not slicer.mrmlScene.IsNodePresent(node):
            node = None
        segmentation.SetNodeReferenceID(references.INPUT + name, node.GetID() if node is not None else None)


def report_of(segmentation: Any) -> dict[str, Any]:
    """What the run said of itself, as it stands on the node; empty if it does not."""
    try:
        report = json.loads(segmentation.GetAttribute(references.REPORT) or "{}")
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def name_inputs_by_node(report: Mapping[str, Any], sequences: Mapping[str, Any]) -> dict[str, Any]:
    """The report with nodes in place of the temporary files that were made of them."""
    inputs = []
    for entry in report.get("inputs", []):
        node = sequences.get(entry["sequence"])
        kept = {key: value for key, value in entry.items() if key not in ("file", "folder")}
        inputs.append({**kept, "node": node.GetName()} if node is not None else kept)
    return {**report, "inputs": inputs}


def manifest_of(report: Mapping[str, Any], model: str | None) -> Manifest | None:
    """The description of the model that a run used; None if it, as it was, is not installed any more.

    Args:
        report: the content of ``report.json``.
        model: name or folder that the run was started with; None for the default one.
    """
    try:
        bundle = load_bundle(find_bundle(model or None))
    except HumorError:
        return None
    return bundle.manifest if bundle.identity()["sha256"] == report["model"].get("sha256") else None


def thresholds_of(segmentation: Any) -> Mapping[str, float]:
    """Region → threshold in force; empty where it is not known."""
    text = segmentation.GetAttribute(references.THRESHOLDS)
    known = json.loads(text) if text else {}
    return {key: float(known[key]) for key in REGION_KEYS if key in known}


def thresholds_in_force(segmentation: Any) -> dict[str, float]:
    """Region → threshold at which the segments were cut."""
    return {**dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD), **thresholds_of(segmentation)}


def source_volume(segmentation: Any) -> Any | None:
    """The volume whose grid a segmentation has, or else the first that it was made from."""
    role = type(segmentation).GetReferenceImageGeometryReferenceRole()
    volume = segmentation.GetNodeReference(role)
    inputs = (segmentation.GetNodeReference(references.INPUT + name) for name in SEQUENCES)
    return volume or next((node for node in inputs if node is not None), None)


def _utc(local: str) -> str:
    try:
        return datetime.fromisoformat(local).astimezone(timezone.utc).isoformat()
    except ValueError:
        return local
