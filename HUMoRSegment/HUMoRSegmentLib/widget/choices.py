"""What the parameters say, in the words of the logic. Pure functions."""

from __future__ import annotations

from typing import Any

from humor.sequences import SEQUENCES

from ..options import ADD, UPDATE, Options
from ..parameters import HUMoRSegmentParameterNode


def chosen_sequences(parameters: HUMoRSegmentParameterNode) -> dict[str, Any]:
    """The volumes that are chosen, by sequence, in sequence order."""
    nodes = {name: getattr(parameters, name) for name in SEQUENCES}
    return {name: node for name, node in nodes.items() if node is not None}


def chosen_options(parameters: HUMoRSegmentParameterNode) -> Options:
    """The options of a run."""
    return Options(
        model=parameters.model,
        device=parameters.device,
        reference=parameters.reference,
        mirror=parameters.mirror,
        register=parameters.register_first,
        probabilities=parameters.keep_probabilities,
        label_map=parameters.label_map,
        region_label_maps=parameters.region_label_maps,
        second_run=ADD if parameters.add_result else UPDATE,
    )


def chosen_thresholds(parameters: HUMoRSegmentParameterNode) -> dict[str, float]:
    """Region → threshold."""
    return {"WT": parameters.threshold_wt, "TC": parameters.threshold_tc, "ET": parameters.threshold_et}
