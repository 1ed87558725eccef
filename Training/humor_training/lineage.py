"""Which trainings led to a model: nested facts of runs as a flat list, each run once."""

from __future__ import annotations

from typing import Any

PARENTS = ("start", "teacher", "averaged")
"""Keys of a run's facts that hold facts of other runs; ``start`` may hold ``{"grown_from": facts}``."""


class Lineage:
    """The runs behind one model.

    Args:
        run: the model's own facts, as from ``run_facts``, with those of its ancestors nested in them.

    Attributes:
        facts: the model's own facts; runs that it came from are named, as in ``began_with: run 2``.
        earlier: name → facts of every other run that was met so far, oldest first.
    """

    def __init__(self, run: dict[str, Any]) -> None:
        self.earlier: dict[str, dict[str, Any]] = {}
        self.facts: dict[str, Any] = {}
        self.facts = self._own(run)

    def name(self, run: dict[str, Any]) -> str:
        """What a run is called here: a number, the bundle that it became, or ``this run``."""
        if "bundle" in run:
            return f"{run['bundle']} {run.get('version', '')}".strip()
        if "averaged" in run:
            return "the mean of " + " and ".join(self.name(each) for each in run["averaged"])
        facts = self._own(run)
        if facts == self.facts:
            return "this run"
        for name, known in self.earlier.items():
            if known == facts:
                return name
        name = f"run {len(self.earlier) + 1}"
        self.earlier[name] = facts
        return name

    def _own(self, run: dict[str, Any]) -> dict[str, Any]:
        facts = {key: value for key, value in run.items() if key not in PARENTS}
        start = run.get("start") or {}
        if "averaged" in run:
            facts["weights"] = self.name(run)
        elif "grown_from" in start:
            facts["grown_from"] = self.name(start["grown_from"])
        elif start:
            facts["began_with"] = self.name(start)
        if run.get("teacher"):
            facts["teacher"] = self.name(run["teacher"])
        return facts
