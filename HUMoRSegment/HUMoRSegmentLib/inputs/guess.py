"""Which volumes of the scene are which sequences, guessed with reasons, never without being asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.sequences import DISPLAY_NAMES, SEQUENCES
from humor.study.acquisition import Reading
from humor.study.evidence import UNCLEAR, Evidence, weigh_evidence
from humor.study.file_names import common_words, read_names

from ..scene import references
from .dicom_facts import read_facts
from .hierarchy import Place, places_of
from .volume_node import refusal, title


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


def _take_one_study(guess: Guess, studies: list[tuple[Place, Guess]], places: dict[str, Place]) -> None:
    """Fill the guess from the study that is shown, or the most complete one, and say so."""
    rich = [study for study in studies if study[1].nodes]
    active = places.get(_active_volume())
    shown = [study for study in rich if active is not None and study[0].group == active.group]
    place, chosen = max(shown or rich or studies, key=lambda study: len(study[1].nodes))
    guess.nodes, guess.reasons, guess.unclear = chosen.nodes, chosen.reasons, list(chosen.unclear)
    guess.unused += chosen.unused
    mine = place.group_title or _("no study")
    others = [other for other in studies if other[0] is not place]
    for other, left in others:
        sentence = _("It is in {group}; the volumes of {chosen} were taken.").format(
            group=other.group_title or _("no study"), chosen=mine
        )
        guess.unused += [(node, sentence) for node in left.nodes.values()]
        guess.unused += left.unused
    if len(rich) > 1:
        why = _("it is the one shown") if shown else _("it has the most sequences, or is the first of those")
        guess.unclear.insert(
            0,
            _("{count} studies with sequences are loaded. {chosen} was taken: {why}.").format(
                count=len(rich), chosen=mine, why=why
            ),
        )


def _within(nodes: Sequence[Any], places: dict[str, Place]) -> Guess:
    """The guess for the volumes of one study."""
    names = [node.GetName() for node in nodes]
    common = common_words(names)
    readings: list[tuple[Any, Reading]] = []
    for node, said in zip(nodes, read_names(names), strict=True):
        evidence = Evidence(node.GetName(), places[node.GetID()].parents, read_facts(node))
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
                _("{node} was not taken: {why}.").format(node=title(node), why=reading.reason)
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
