"""What a model card must say about where the model comes from."""

from __future__ import annotations

import os
import platform
from typing import Any

from humor import __version__

from .lineage import Lineage

CITATIONS = (
    "Hatamizadeh et al. 2022, WACV, arXiv:2103.10504 (UNETR)",
    "Hinton et al. 2015, arXiv:1503.02531 (distillation)",
)
"""Of the methods; the data's own citations are given to ``humor-train export``."""

BRATS = (
    "Menze et al. 2015, IEEE TMI, doi:10.1109/TMI.2014.2377694 (BraTS)",
    "Bakas et al. 2017, Scientific Data, doi:10.1038/sdata.2017.117 (BraTS)",
    "Bakas et al. 2018, arXiv:1811.02629 (BraTS)",
    "Baid et al. 2021, arXiv:2107.02314 (BraTS 2021)",
)


def training_facts(
    run: dict[str, Any], origin: dict[str, Any], data: str, gate_heads: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Data, split, recipe, seed, hardware and hours of a training, for ``bundle.json``.

    Args:
        run: facts of the run, as from ``run_facts``.
        origin: the run's ``origin.json``.
        data: what it learned from, in words; "" for no words.
        gate_heads: facts of gate heads that were fitted afterwards, their teacher's among them.
    """
    if "averaged" in run:  # the recipe is that of the first run only; each run's own stands below
        run = {key: run[key] for key in ("steps_done", "hours", "cases_learned_from", "averaged")}
    lineage = Lineage(run)
    facts: dict[str, Any] = {
        "data": data or "not described",
        "held_out": origin.get("held_out", []),
        "exported_on": f"{platform.machine()}, {os.cpu_count()} cores",
        "defaults": f"numbers that are not listed are those of humor_training {__version__}",
        **lineage.facts,
    }
    if gate_heads:
        facts["gate_heads"] = gate_heads | {"teacher": lineage.name(gate_heads["teacher"])}
    return facts | ({"earlier_runs": lineage.earlier} if lineage.earlier else {})
