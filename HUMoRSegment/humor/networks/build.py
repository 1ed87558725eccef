"""The only place that turns a name and numbers into a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..errors import BundleError
from .unetr import Unetr, UnetrConfig

DEFAULTS: dict[str, dict[str, Any]] = {
    # Hybrid UNETR with three experts in every block; UnetrConfig's own defaults.
    "humor_teacher": {},
    # The published form of the student: a UNETR cut in width.
    "humor_student": {"dim": 240, "mlp": 960, "feature_size": 8, "experts": 0, "gate_experts": 3},
    # The shipped form: same encoder, convolutional stem, decoder that stops at half resolution.
    "humor_student_pyramid": {
        "dim": 240,
        "mlp": 960,
        "feature_size": 16,
        "experts": 0,
        "gate_experts": 3,
        "stem": "pyramid",
    },
}
"""Architecture name → the numbers that differ from ``UnetrConfig``'s defaults."""


def build(config: Mapping[str, Any]) -> Unetr:
    """A network with fresh weights.

    Args:
        config: ``name`` (a key of ``DEFAULTS``) and any numbers that differ from its defaults.

    Raises:
        BundleError: an unknown architecture or number.
    """
    numbers = dict(config)
    name = numbers.pop("name", None)
    if name not in DEFAULTS:
        raise BundleError(f"Unknown architecture {name!r}; known: {', '.join(DEFAULTS)}.")
    known = {field.name for field in fields(UnetrConfig)}
    if unknown := sorted(set(numbers) - known):
        raise BundleError(f"Architecture {name!r} has no number called {', '.join(unknown)}.")
    return Unetr(UnetrConfig(**(DEFAULTS[name] | numbers)))
