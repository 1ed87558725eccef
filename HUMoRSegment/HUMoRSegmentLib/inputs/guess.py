"""Which volumes of the scene are which sequences, guessed with reasons, never without being asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.sequences import DISPLAY_NAMES, SEQUENCES
from humor.study.acquisition import Acquisition, Reading, acquisition_of_tags
from humor.study.evidence import UNCLEAR, Evidence, weigh_evidence
from humor.study.file_names import common_words, read_names

from ..scene import references
from ..scene.geometry import title
from .preflight import refusal

NOWHERE = 0
"""Slicer's invalid item, also the group of volumes that are in no study and no folder."""
INSTANCES = "DICOM.instanceUIDs"
"""Attribute in which Slicer keeps the instances that a volume was loaded from."""


@dataclass
class Guess:
    """Volumes by sequence.

    Attributes:
        nodes: sequence → volume node, in sequence order; only what was found and is the only one.
        reasons: sequence → why, a sentence.
        unused: other volumes, each with a sentence that says why not.
        unclear: sentences for the user to look at: sequences left empty because several volumes or
            none for certain fit, and which of several studies was taken.
    """

    nodes: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    unused: list[tuple[Any, str]] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


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


def guess_sequences(nodes: Sequence[Any]) -> Guess:
    """Guess from node names, DICOM values and the subject hierarchy. Changes nothing.

    Label maps, masks, maps computed from other images and HUMoR's own results are never taken.
    Where the volumes are of several studies, those of the study shown are taken if any of them is
    a sequence, else those of the study with most sequences.
    """
    ours, guess, candidates = _our_outputs(), Guess(), []
    for node in nodes:
        if why := _never(node, ours):
            guess.unused.append((node, why))
        else:
            candidates.append(node)
    places = dict(zip([node.GetID() for node in candidates], places_of(candidates), strict=True))
    guesses = {
        place.group: (
            place,
            _within([node for node in candidates if places[node.GetID()].group == place.group], places),
        )
        for place in places.values()
    }
    if guesses:
        _take_one_study(guess, list(guesses.values()), places)
    return guess


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


def read_metadata(node: Any) -> Acquisition | None:
    """How the series of a volume was acquired, from Slicer's DICOM database; None where it is not known.

    That is so for volumes from other files, without a DICOM database (as in headless Python), and
    for instances that were removed from it.
    """
    uids = (node.GetAttribute(INSTANCES) or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None or not database.isOpen:
        return None
    uid = uids[len(uids) // 2]
    if not database.fileForInstance(uid):
        return None
    return acquisition_of_tags(lambda tag: (database.instanceValue(uid, tag) or "").strip())


def _take_one_study(guess: Guess, studies: list[tuple[Place, Guess]], places: dict[str, Place]) -> None:
    """Fill the guess from the study that is shown, or the most complete one, and say so."""
    rich = [study for study in studies if study[1].nodes]
    active = places.get(_active_volume())
    shown = [study for study in rich if active is not None and study[0].group == active.group]
    place, chosen = max(shown or rich or studies, key=lambda study: len(study[1].nodes))
    guess.nodes, guess.reasons, guess.unclear = chosen.nodes, chosen.reasons, list(chosen.unclear)
    guess.unused += chosen.unused
    mine = place.group_title or _("(no study)")
    others = [other for other in studies if other[0] is not place]
    for other, left in others:
        sentence = _("It belongs to {group}; the volumes of {chosen} were taken.").format(
            group=other.group_title or _("(no study)"), chosen=mine
        )
        guess.unused += [(node, sentence) for node in left.nodes.values()]
        guess.unused += left.unused
    if len(rich) > 1:
        text = (
            _("{count} studies are loaded. {chosen} was taken, because the slice views show it.")
            if shown
            else _(
                "{count} studies are loaded. {chosen} was taken, because it has the most sequences or is the "
                "first of those that have."
            )
        )
        guess.unclear.insert(0, text.format(count=len(rich), chosen=mine))


def _within(nodes: Sequence[Any], places: dict[str, Place]) -> Guess:
    """The guess for the volumes of one study."""
    names = [node.GetName() for node in nodes]
    common = common_words(names)
    readings: list[tuple[Any, Reading]] = []
    for node, said in zip(nodes, read_names(names), strict=True):
        evidence = Evidence(node.GetName(), places[node.GetID()].parents, read_metadata(node))
        readings.append((node, weigh_evidence(evidence, common, said)))
    guess = Guess()
    for name in SEQUENCES:
        fitting = [(node, reading) for node, reading in readings if reading.kind == name]
        if len(fitting) == 1:
            ((guess.nodes[name], reading),) = fitting
            guess.reasons[name] = _sentence(reading.reason)
        elif fitting:
            listed = ", ".join(title(node) for node, _reading in fitting)
            guess.unclear.append(
                _("{count} volumes could be {sequence}: {listed}. Choose one of them.").format(
                    count=len(fitting), sequence=DISPLAY_NAMES[name], listed=listed
                )
            )
            guess.unused += [(node, _sentence(reading.reason)) for node, reading in fitting]
    for node, reading in readings:
        if reading.kind in SEQUENCES:
            continue
        guess.unused.append((node, _sentence(reading.reason)))
        if reading.kind == UNCLEAR and len(guess.nodes) < len(SEQUENCES):
            guess.unclear.append(
                _("{node} is not used. {reason}").format(node=title(node), reason=_sentence(reading.reason))
            )
    return guess


def _never(node: Any, ours: set[str]) -> str:
    """Why a volume is no candidate whatever it is called; empty if it is one."""
    if node.GetID() in ours or any(name.startswith(references.PREFIX) for name in node.GetAttributeNames()):
        return _("It is a result of HUMoR.")
    if node.GetHideFromEditors():
        return _("It is hidden.")
    return refusal(node)


def _our_outputs() -> set[str]:
    """IDs of the nodes that hang on HUMoR's segmentations, except the images they were made from."""
    found = set()
    for segmentation in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        for place in range(segmentation.GetNumberOfNodeReferenceRoles()):
            role = segmentation.GetNthNodeReferenceRole(place)
            if role.startswith(references.PREFIX) and not role.startswith(references.INPUT):
                count = segmentation.GetNumberOfNodeReferences(role)
                found |= {segmentation.GetNthNodeReferenceID(role, number) for number in range(count)}
    return found


def _active_volume() -> str:
    """ID of the volume that the slice views show, as Slicer's selection node says; may be empty."""
    return slicer.app.applicationLogic().GetSelectionNode().GetActiveVolumeID() or ""


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


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
