"""The plausibility of a result in words, for the report and for Slicer's panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..inference.segmentation import Segmentation
    from ..study.case import Case


def place_of(case: Case) -> str:
    """What shares of a result are shares of."""
    return "head" if case.skull else "brain"


def plausibility_facts(segmentation: Segmentation) -> dict[str, Any] | None:
    """As in ``report.json``: the numbers, and ``of``: what the shares are of; None without a tumour."""
    numbers = segmentation.plausibility
    if numbers is None:
        return None
    rounded = {
        key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(numbers).items()
    }
    return {**rounded, "of": place_of(segmentation.case)}


def plausibility_line(facts: Mapping[str, Any]) -> str:
    """One line about ``facts["plausibility"]``; empty where there is nothing to say.

    Args:
        facts: of ``report.json``; reports of earlier versions have no such entry.
    """
    numbers = facts.get("plausibility")
    if not numbers:
        return ""
    place = numbers["of"]
    pieces = "1 piece" if numbers["pieces"] == 1 else f"{numbers['pieces']} pieces"
    symmetry = numbers["symmetry"]
    mirrored = (
        "all of it near the mid-plane"
        if symmetry is None
        else f"{symmetry:.0%} of what lies off the mid-plane is mirrored on the other side"
    )
    return (
        f"Plausibility: the whole tumour takes {numbers['share_of_brain']:.1%} of the {place}, "
        f"{numbers['outside_brain']:.0%} of it lies outside the {place}, {pieces}; {mirrored}."
    )
