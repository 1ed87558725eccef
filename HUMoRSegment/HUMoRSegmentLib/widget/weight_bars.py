"""Mean weights of a gate's experts as bars in rich text: in the brain, and in the tumour."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from humor.output.report_sections import expert_colour

from ..gates.table import gates_by_difference, mean_weights
from .rich_text import bars


def weight_bars(segmentation: Any, gate: str) -> str:
    """Bars from the result's table of gates; empty if it was removed from the scene.

    Args:
        segmentation: the result.
        gate: the gate's name.
    """
    means = mean_weights(segmentation).get(gate)
    if means is None:
        return ""
    rows = [
        (expert, expert_colour(index), (brain, means.tumour.get(expert)))
        for index, (expert, brain) in enumerate(means.brain.items())
    ]
    return bars((_("Expert"), _("Brain"), _("Tumour")), rows)


def most_different_gate(segmentation: Any) -> str:
    """Which gate weighs the tumour most differently from the brain, as a sentence; empty if unknown."""
    gates = gates_by_difference(segmentation)
    if not gates:
        return ""
    gate, difference = gates[0]
    return _("{gate} tells tumour from brain most: {share} % of the weight moves to other experts.").format(
        gate=gate, share=f"{100 * difference:.0f}"
    )
