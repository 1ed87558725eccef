from __future__ import annotations

import sys
from collections.abc import Callable
from subprocess import Popen

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_time_since_the_process_started_counts_what_came_before_python_code(
    start: Callable[..., Popen[str]],
) -> None:
    code = (
        "import time; time.sleep(0.3)\n"
        "from humor.cli.segment import seconds_since_start\n"
        "first = seconds_since_start(); time.sleep(0.2)\n"
        "print(first, seconds_since_start() - first)\n"
    )
    first, later = map(float, start("-c", code).communicate()[0].split())
    assert 0.3 < first < 5 and later == pytest.approx(0.2, abs=0.1)
