"""The command line with a stand-in for the network: everything else of a run is real.

As a script: ``stand_in.py [--hang] ARGUMENTS`` runs ``humor ARGUMENTS``; with ``--hang`` the
stand-in never ends by itself.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import numpy as np

from humor import pipeline
from humor.cli.main import main
from humor.events import Reporter
from humor.inference.segmentation import Segmentation
from humor.routing import GateMap, Routing
from humor.study.case import Case, to_native


class BrightPlaces:
    """Calls tumour what is bright: whole above 1, core above 1.5, enhancing above 2 deviations."""

    def __init__(self, hang: bool = False) -> None:
        self.model = SimpleNamespace(spacing_mm=1.0)
        self._hang = hang

    def run(self, case: Case, reporter: Reporter) -> Segmentation:
        """Segment; prints, as libraries do, to see that it spoils nothing."""
        print("a library says hello")
        reporter.progress(0.5)
        while self._hang:
            time.sleep(0.02)
        bright = case.image.max(axis=0)
        probabilities = np.stack([bright > limit for limit in (1.0, 1.5, 2.0)]).astype(np.float32)
        weights = np.full((2, 1, 1, 1), 0.5, np.float32)
        routing = Routing([GateMap("gate", ("one", "two"), weights, case.grid.affine)])
        facts = {"name": "stand-in", "architecture": "none", "sha256": "0", "version": "0"}
        regions = to_native(case, probabilities >= 0.5)
        return Segmentation(case, probabilities, regions, routing, facts, "cpu")


def run(arguments: list[str], hang: bool = False) -> int:
    """Run ``humor`` with the stand-in."""
    real = pipeline._Making
    pipeline._Making = lambda options: pipeline._Ready(BrightPlaces(hang))  # type: ignore
    try:
        return main(arguments)
    finally:
        pipeline._Making = real  # type: ignore


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(run([word for word in given if word != "--hang"], "--hang" in given))
