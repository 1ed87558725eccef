"""The scenarios of ``HUMoRSegmentTest``, here as well as inside Slicer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from HUMoRSegmentLib.tests_in_slicer import SCENARIOS


@pytest.mark.heavy
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(scene: Any, scenario: Callable[[], None]) -> None:
    scenario()


def test_every_scenario_says_what_it_shows() -> None:
    assert all((scenario.__doc__ or "").strip() for scenario in SCENARIOS)
