"""Where a result comes from, as attributes of its segmentation node."""

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
from humor.sequences import SEQUENCES, subset_name

from . import references


def write_provenance(
    segmentation: Any, facts: Mapping[str, Any], manifest: Manifest | None, warnings: Sequence[str]
) -> None:
    """Say on the node what the run said of itself, in place of what an earlier run said.

    Args:
        segmentation: the result.
        facts: of ``report.json``.
        manifest: of the model; None if it is not installed any more.
        warnings: of the run and of showing it.
    """
    model = facts["model"]
    words = {
        references.MODEL: str(model.get("name", "")),
        references.MODEL_TITLE: manifest.title if manifest else str(model.get("name", "")),
        references.MODEL_VERSION: str(model.get("version", "")),
        references.MODEL_SHA256: str(model.get("sha256", "")),
        references.SEQUENCES_USED: subset_name(facts["sequences"]["used"]),
        references.DEVICE: str(facts.get("device", "")),
        references.CREATED: _utc(str(facts.get("created", ""))),
        references.WARNINGS: "\n".join(warnings),
        references.REPORT: json.dumps(facts, ensure_ascii=False),
        references.THRESHOLDS: json.dumps(dict(manifest.thresholds)) if manifest else "",
        references.MIN_COMPONENT_ML: repr(float(manifest.min_component_ml)) if manifest else "",
    }
    for name, value in words.items():
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
        facts = json.loads(segmentation.GetAttribute(references.REPORT) or "{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def facts_of_scene(facts: Mapping[str, Any], sequences: Mapping[str, Any]) -> dict[str, Any]:
    """The report with nodes in place of the temporary files that were made of them."""
    inputs = []
    for entry in facts.get("inputs", []):
        node = sequences.get(entry["sequence"])
        kept = {key: value for key, value in entry.items() if key not in ("file", "folder")}
        inputs.append({**kept, "node": node.GetName()} if node is not None else kept)
    return {**facts, "inputs": inputs}


def manifest_of(facts: Mapping[str, Any], model: str | None) -> Manifest | None:
    """The description of the model that a run used; None if it, as it was, is not installed any more.

    Args:
        facts: of ``report.json``.
        model: name or folder that the run was started with; None for the default one.
    """
    try:
        bundle = load_bundle(find_bundle(model or None))
    except HumorError:
        return None
    return bundle.manifest if bundle.identity()["sha256"] == facts["model"].get("sha256") else None


def _utc(local: str) -> str:
    try:
        return datetime.fromisoformat(local).astimezone(timezone.utc).isoformat()
    except ValueError:
        return local
