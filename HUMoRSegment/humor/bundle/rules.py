"""What the entries of ``bundle.json`` must look like."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BundleError
from ..regions import REGION_KEYS
from ..sequences import SEQUENCES, subset_name, subsets

GET_AGAIN = "Get the model again: download it, or import its zip with 'humor models import'."

# Both become parts of paths: no separators, nothing hidden, nothing that Windows cuts off.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_])?")
_RESERVED = {"bundle.json", "readme.md"}
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUBSETS = {subset_name(subset) for subset in subsets()}


def check(facts: Mapping[str, Any]) -> None:
    """Check the entries of a manifest.

    Raises:
        BundleError: the first entry that does not fit, and what it should be.
    """
    for entry, (fits, wanted) in _RULES.items():
        if not fits(facts[entry]):
            raise BundleError(f"{entry} must be {wanted}, not {reprlib.repr(facts[entry])}.")
    if set(facts["thresholds"]) != set(facts["regions"]):
        raise BundleError(f"thresholds must name the regions {', '.join(facts['regions'])}, each once.")
    for file, sha256 in facts["files"].items():
        if not is_file_name(file) or not _is(str, sha256) or not _SHA256.fullmatch(sha256):
            raise BundleError(f"files: {reprlib.repr(file)} must be a plain file name with its SHA-256.")
    _check_validation(facts["validation"])


def is_file_name(text: str) -> bool:
    """Whether a file of a bundle may be called so: plain, in no folder, no reserved name."""
    stem = text.lower().partition(".")[0]
    return bool(_FILE_NAME.fullmatch(text)) and text.lower() not in _RESERVED and stem not in _DEVICES


def is_name(text: object) -> bool:
    """Whether a model may be called so."""
    return isinstance(text, str) and bool(_NAME.fullmatch(text)) and text.partition(".")[0] not in _DEVICES


def _check_validation(validation: Mapping[str, Any]) -> None:
    for data_set, rows in validation.items():
        where = f"validation: {reprlib.repr(data_set)}"
        if not _is(Mapping, rows):
            raise BundleError(f"{where} must be a table of subsets.")
        for subset, scores in rows.items():
            if subset not in _SUBSETS:
                raise BundleError(
                    f"{where}: {reprlib.repr(subset)} is not a subset of {'+'.join(SEQUENCES)}."
                )
            if not _is(Mapping, scores) or not set(scores) <= set(REGION_KEYS):
                raise BundleError(f"{where}: {subset} must have a Dice for {', '.join(REGION_KEYS)}.")
            if not all(score is None or (_number(score) and 0 <= score <= 1) for score in scores.values()):
                raise BundleError(f"{where}: {subset}: Dice must lie between 0 and 1.")


def _is(kind: Any, value: object) -> bool:
    return isinstance(value, kind)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _ordered_part_of(known: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: bool(value) and list(value) == [name for name in known if name in value]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _some_text(value: object) -> bool:
    """One line without control characters, which terminals would obey."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _table(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _named_table(value: object) -> bool:
    return isinstance(value, Mapping) and _table(value) and _some_text(value.get("name"))


def _probability(value: object) -> bool:
    return _number(value) and 0 < value < 1  # type: ignore[operator]


# Entry → whether its value fits, and what it should be.
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (is_name, "lower-case letters, digits and - . _ (at most 64)"),
    "title": (_some_text, "a line of text"),
    "kind": (_some_text, "a line of text"),
    "version": (_some_text, "a line of text"),
    "architecture": (_named_table, "a table with a name"),
    "sequences": (_ordered_part_of(SEQUENCES), f"some of {', '.join(SEQUENCES)}, in this order"),
    "regions": (_ordered_part_of(REGION_KEYS), f"some of {', '.join(REGION_KEYS)}, in this order"),
    "spacing_mm": (lambda value: _number(value) and value > 0, "millimetres above 0"),
    "normalisation": (_named_table, "a table with a name"),
    "thresholds": (
        lambda value: _table(value) and all(_probability(limit) for limit in value.values()),
        "a table of probabilities between 0 and 1",
    ),
    "min_component_ml": (lambda value: _number(value) and value >= 0, "millilitres, at least 0"),
    "window": (
        lambda value: len(value) == 3 and all(type(edge) is int and edge > 0 for edge in value),
        "three positive whole numbers",
    ),
    "files": (_table, "a table of files and hashes"),
    "graph": (_table, "a table"),
    "licence": (_some_text, "a line of text"),
    "citations": (lambda value: all(_some_text(text) for text in value), "a list of lines of text"),
    "training": (_table, "a table"),
    "validation": (_table, "a table"),
    "created": (_text, "a date as text"),
}
