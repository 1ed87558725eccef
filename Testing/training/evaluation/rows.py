"""Made-up rows of an evaluation."""

from __future__ import annotations

from humor.regions import REGION_KEYS
from humor.sequences import subset_name, subsets
from humor_training.evaluation.scores import Score

MEASURES = ("dice", "hd95_mm")


def rows(dice: dict[str, float], shift: float = 0.0, empty: str = "") -> list[Score]:
    """All subsets and regions of studies, each with one Dice everywhere; ``empty`` has no ET."""
    return [
        Score(
            study,
            "native",
            subset_name(names),
            region,
            (study, region) != (empty, "ET"),
            10.0,
            0.0 if (study, region) == (empty, "ET") else 12.0,
            {"dice": value + shift, "hd95_mm": 10 * (1 - value)},
        )
        for study, value in dice.items()
        for names in subsets()
        for region in REGION_KEYS
    ]
