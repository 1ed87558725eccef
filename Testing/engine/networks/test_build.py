"""The one place that turns a name and numbers into a network."""

from __future__ import annotations

from humor.networks.build import ARCHITECTURES
from humor.networks.names import ARCHITECTURE_NAMES


def test_every_name_is_known_without_torch() -> None:
    assert tuple(ARCHITECTURES) == ARCHITECTURE_NAMES
