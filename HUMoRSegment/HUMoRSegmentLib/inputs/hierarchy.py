"""Patients, studies and folders of volumes, from Slicer's subject hierarchy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import slicer

NOWHERE = 0
"""Slicer's invalid item, also the group of volumes that are in no study and no folder."""


@dataclass(frozen=True)
class Place:
    """Where a volume is in the subject hierarchy.

    Attributes:
        group: the item whose volumes belong together, or ``NOWHERE``.
        group_title: in words, e.g. ``Doe, Jane / 2024-05-01``; empty for ``NOWHERE``.
        parents: names of the folders above the volume that are no patient or study, nearest first.
    """

    group: int
    group_title: str
    parents: tuple[str, ...]


def places_of(nodes: Sequence[Any]) -> list[Place]:
    """The place of each volume.

    Volumes of one study belong together; without a study those of one patient; without either
    those in the nearest folder that holds more than one of them. So a folder of its own for each
    sequence separates nothing, and its name still counts.
    """
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is None:
        return [Place(NOWHERE, "", ()) for _node in nodes]
    above = [_above(hierarchy, node) for node in nodes]
    held = Counter(item for items in above for item in items)
    return [_place(hierarchy, items, held) for items in above]


def _above(hierarchy: Any, node: Any) -> list[int]:
    """The items above a node, nearest first, without the scene."""
    items, item = [], hierarchy.GetItemByDataNode(node)
    while item != NOWHERE:
        item = hierarchy.GetItemParent(item)
        if item in (NOWHERE, hierarchy.GetSceneItemID()):
            break
        items.append(item)
    return items


def _place(hierarchy: Any, items: list[int], held: Counter[int]) -> Place:
    levels = {item: hierarchy.GetItemLevel(item) for item in items}
    constants = slicer.vtkMRMLSubjectHierarchyConstants
    dicom = (constants.GetDICOMLevelStudy(), constants.GetDICOMLevelPatient())
    of_level = [item for level in dicom for item in items if levels[item] == level]
    shared = [item for item in items if held[item] > 1]
    group = next(iter([*of_level, *shared]), NOWHERE)
    folders = tuple(hierarchy.GetItemName(item) for item in items if levels[item] not in dicom)
    if group == NOWHERE:
        return Place(NOWHERE, "", folders)
    titles = [hierarchy.GetItemName(item) for item in reversed(of_level)] or [hierarchy.GetItemName(group)]
    return Place(group, " / ".join(titles), folders)
