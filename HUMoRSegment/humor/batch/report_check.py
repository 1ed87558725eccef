"""Whether a ``report.json`` holds all that a batch takes from it; disks and people damage files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..regions import REGION_KEYS


def is_complete(facts: Mapping[str, Any]) -> bool:
    """Whether every entry that a batch relies on is there and of its kind."""
    try:
        return (
            _all(facts["outputs"], str)
            and _all(facts["inputs"], dict)
            and _all(facts["warnings"], str)
            and _all(facts["sequences"]["used"], str)
            and isinstance(facts["device"], str)
            and isinstance(facts["created"], str)
            and isinstance(facts["seconds"], dict)
            and isinstance(facts["model"], dict)
            and all(_is_number(facts["volumes_ml"][key]) for key in REGION_KEYS)
            and all(map(_is_number, facts["volumes_ml"].values()))
            and all(_is_number(item["ml"]) and "value" in item for item in facts["labels_ml"])
            and _is_number(facts["seconds"].get("to_label_map", 0.0))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _all(items: Any, kind: type) -> bool:
    return isinstance(items, list) and all(isinstance(item, kind) for item in items)


def _is_number(value: Any) -> bool:
    """A number that calculates like one: none of 400 digits, no NaN."""
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False
