"""The thresholds of a result: those in force, and its model's own."""

from __future__ import annotations

from typing import Any

from humor.errors import HumorError
from humor.regions import REGION_KEYS, USUAL_THRESHOLD

from ..logic import HUMoRSegmentLogic
from ..scene import references
from ..scene.volume_table import thresholds_of


def thresholds_in_force(segmentation: Any) -> dict[str, float]:
    """Region → threshold at which the segments were cut."""
    return {**dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD), **thresholds_of(segmentation)}


def thresholds_of_model(logic: HUMoRSegmentLogic, segmentation: Any) -> dict[str, float]:
    """Region → threshold of the model that made the result; the usual ones if it is not here any more."""
    try:
        known = logic.bundle(segmentation.GetAttribute(references.MODEL) or "").manifest.thresholds
    except HumorError:
        known = {}
    return {region: float(known.get(region, USUAL_THRESHOLD)) for region in REGION_KEYS}
