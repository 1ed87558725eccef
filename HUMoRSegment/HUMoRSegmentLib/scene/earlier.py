"""What an earlier run left on a segmentation that the next one does not fill again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from slicer.i18n import tr as _

from humor.regions import REGION_KEYS

from . import references
from .rollback import Rollback

VOLUME_ROLES = (
    references.LABEL_MAP,
    *(references.REGION_LABEL_MAP + key for key in REGION_KEYS),
    *(references.PROBABILITY + key for key in REGION_KEYS),
)
"""References to label maps and probabilities."""


def set_aside(segmentation: Any, wanted: Collection[str], has_gates: bool, rollback: Rollback) -> list[Any]:
    """Unhook what the next run will not fill; its tables are kept in mind to be filled anew.

    The comparison of sequences explains the earlier run. It stays in the scene, and its name says so.

    Args:
        segmentation: the result.
        wanted: references to label maps and probabilities that are filled again.
        has_gates: whether the next run has a record of experts.
        rollback: undoes this if the next result cannot be shown.

    Returns:
        The nodes to be removed once the next result is there.
    """
    roles = [role for role in VOLUME_ROLES if role not in wanted]
    roles += [references.GATE] if has_gates else [references.GATE, references.GATE_TABLE]
    stale = []
    for role in roles:
        count = segmentation.GetNumberOfNodeReferences(role)
        nodes = [segmentation.GetNthNodeReference(role, index) for index in range(count)]
        stale += [node for node in nodes if node is not None]
        segmentation.RemoveNodeReferenceIDs(role)
    for role in (references.VOLUME_TABLE, references.GATE_TABLE):
        rollback.keep(segmentation.GetNodeReference(role))
    comparison = segmentation.GetNodeReference(references.INFLUENCE_TABLE)
    if comparison is not None:
        rollback.keep(comparison)
        comparison.SetName(_("{table} (earlier run)").format(table=comparison.GetName()))
        segmentation.RemoveNodeReferenceIDs(references.INFLUENCE_TABLE)
    return stale
