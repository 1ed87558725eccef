"""What a model card must say about data that is not ours."""

from __future__ import annotations

import os
import platform
from typing import Any

from .data.packing import LabelledCase
from .fit import Training

CITATIONS = (
    "Menze et al. 2015, IEEE TMI, doi:10.1109/TMI.2014.2377694 (BraTS)",
    "Bakas et al. 2017, Scientific Data, doi:10.1038/sdata.2017.117 (BraTS)",
    "Bakas et al. 2018, arXiv:1811.02629 (BraTS)",
    "Baid et al. 2021, arXiv:2107.02314 (BraTS 2021)",
    "Hatamizadeh et al. 2022, WACV, arXiv:2103.10504 (UNETR)",
)


def training_facts(
    training: Training, learning: list[LabelledCase], held: list[LabelledCase]
) -> dict[str, Any]:
    """Data, split, recipe, hardware and hours of a training, for ``bundle.json``."""
    recipe = training.recipe
    return {
        "data": f"{len(learning)} glioma patients of BraTS 2018 and 2021 training data, expert labels",
        "held_out_to_watch": [case.name for case in held],
        "recipe": recipe.facts(),
        "steps_done": training.step,
        "seed": recipe.seed,
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores"
        if training.device.type == "cpu"
        else str(training.device),
        "hours": round(training.seconds / 3600, 2),
    }
