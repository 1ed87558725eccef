"""What the parameters say, in the words of the logic. Pure functions."""

from __future__ import annotations

from typing import Any

from humor.options import options_of
from humor.sequences import SEQUENCES

from ..options import Options
from ..parameters import HUMoRSegmentParameterNode


def chosen_sequences(parameters: HUMoRSegmentParameterNode) -> dict[str, Any]:
    """The volumes that are chosen, by sequence, in sequence order."""
    nodes = {name: getattr(parameters, name) for name in SEQUENCES}
    return {name: node for name, node in nodes.items() if node is not None}


def chosen_options(parameters: HUMoRSegmentParameterNode) -> Options:
    """The options of a run."""
    shown = [each for each in options_of(Options) if each.parameter]
    # A parameter node knows no None: what is not chosen is empty there.
    values: dict[str, Any] = {each.name: getattr(parameters, each.parameter) for each in shown}
    return Options(**{name: value for name, value in values.items() if value != ""})


def chosen_thresholds(parameters: HUMoRSegmentParameterNode) -> dict[str, float]:
    """Region → threshold."""
    return {"WT": parameters.threshold_wt, "TC": parameters.threshold_tc, "ET": parameters.threshold_et}
