"""Memory that really runs out: child processes under a limit of address space (setrlimit(2))."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import humor
from humor.bundle.bundle import Bundle
from humor.inference.windows import Triple

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of address space count on Linux only")

ENGINE = Path(humor.__file__).parents[1]
CHILD = """
import json, resource, sys
import numpy as np, psutil
from humor.bundle.bundle import load_bundle
from humor.errors import HumorError
from humor.inference.segmenter import Segmenter
from humor.memory.shortage import memory_shortage
from humor.study.case import Case
from humor.study.grid import Grid

folder, more, shape = sys.argv[1], int(sys.argv[2]), tuple(map(int, sys.argv[3:]))
grid = Grid(shape, np.eye(4))
image = np.random.default_rng(0).standard_normal((4, *shape), np.float32)
case = Case(image, (True, True, True, True), np.ones(shape, bool), grid, grid, "t1")
segmenter = Segmenter(load_bundle(folder), device="cpu", window="whole")
np.linalg.solve(np.eye(4), np.eye(4))  # BLAS has its buffers
limit = psutil.Process().memory_info().vms + (more << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    found = segmenter.run(case)
    print(json.dumps({"fallbacks": found.fallbacks, "shape": found.regions.shape}))
except Exception as error:
    told = error if isinstance(error, HumorError) else memory_shortage(error)
    if told is None:
        raise
    print(json.dumps({"error": str(told)}))
"""


def run_with(bundle: Bundle, megabytes: int, shape: Triple) -> dict[str, Any]:
    """What a run on a brain of this shape, with so many megabytes beyond the loaded model, ends with."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(bundle.folder), *map(str, (megabytes, *shape))],
        env={"PYTHONPATH": str(ENGINE)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(("megabytes", "expected"), [(800, "whole"), (330, "either"), (120, "error")])
def test_openvino(student: Bundle, megabytes: int, expected: str) -> None:
    """Whatever there is, the run ends with a result or with words that say what there is and what to do."""
    check(run_with(student, megabytes, (128, 144, 128)), expected)


@pytest.mark.parametrize(("megabytes", "expected"), [(1500, "whole"), (60, "error")])
def test_torch(teacher: Bundle, megabytes: int, expected: str) -> None:
    check(run_with(teacher, megabytes, (80, 96, 96)), expected)


def check(outcome: dict[str, Any], expected: str) -> None:
    """A whole result without or with fallbacks, or an error in words."""
    if "error" in outcome:
        assert expected != "whole"
        for words in ("emory", "limit of this process", "are free", "Close other programs"):
            assert words in outcome["error"]
    else:
        assert expected != "error" and outcome["shape"][0] == 3
        assert all("Memory ran out; going on with" in sentence for sentence in outcome["fallbacks"])
        assert expected != "whole" or not outcome["fallbacks"]
