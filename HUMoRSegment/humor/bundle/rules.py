"""What the entries of ``bundle.json`` must look like."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BundleError
from ..networks.names import ARCHITECTURE_NAMES, TOKEN
from ..regions import REGION_KEYS
from ..sequences import SEQUENCES, subset_name, subsets
from ..user_input import LARGEST_EDGE

GET_AGAIN = "Get the model again: download it, or import its zip with 'humor models import'."

# Both become parts of paths: no separators, nothing hidden, nothing that Windows cuts off.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_])?")
_RESERVED = {"bundle.json", "readme.md"}
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_SHA256 = re.compile(r"[0-9a-f]{64}")
NORMALISATION = {"name": "zscore_in_brain"}
"""The only one that the engine has."""
NORMALISATION_TEXT = "z-scores inside the brain"
SPACING_MM = (0.25, 10.0)
MOST_GATES = 1000
_LARGEST = 1e15  # of a number; beyond, floats are no exact whole numbers and texts are long
_DEEPEST = 20
_SUBSETS = {subset_name(subset) for subset in subsets()}


def check(metadata: Mapping[str, Any]) -> None:
    """Check the entries of a manifest.

    Raises:
        BundleError: the first entry that does not fit, and what it should be.
    """
    for entry, (fits, wanted) in _RULES.items():
        if not fits(metadata[entry]):
            raise BundleError(f"{entry} must be {wanted}, not {reprlib.repr(metadata[entry])}.")
    if set(metadata["thresholds"]) != set(metadata["regions"]):
        raise BundleError(f"thresholds must name the regions {', '.join(metadata['regions'])}, each once.")
    for file, sha256 in metadata["files"].items():
        if not is_file_name(file) or not _is(str, sha256) or not _SHA256.fullmatch(sha256):
            raise BundleError(f"files: {reprlib.repr(file)} must be a plain file name with its SHA-256.")
    _check_validation(metadata["validation"])


def check_plain(entry: str, value: Any) -> None:
    """Check that an entry can be copied, shown and written again, whatever it says.

    Raises:
        BundleError: it is nested too deeply, or holds a huge number or a text that UTF-8 cannot write.
    """
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > _DEEPEST:
            raise BundleError(f"{entry} is nested more than {_DEEPEST} deep.")
        if isinstance(part, Mapping):
            waiting += [(each, depth + 1) for pair in part.items() for each in pair]
        elif isinstance(part, (list, tuple)):
            waiting += [(each, depth + 1) for each in part]
        elif isinstance(part, int) and abs(part) > _LARGEST:
            raise BundleError(f"{entry} holds a number of more than {_LARGEST:g}.")
        elif isinstance(part, str) and not _encodable(part):
            raise BundleError(f"{entry} contains a character that is no valid text.")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) <= _LARGEST
    )


def _text(value: object) -> bool:
    return isinstance(value, str)


def _some_text(value: object) -> bool:
    """One line without control characters, which terminals would obey."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _table(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _named_table(value: object) -> bool:
    return isinstance(value, Mapping) and _table(value) and _some_text(value.get("name"))


def _architecture(value: object) -> bool:
    return isinstance(value, Mapping) and _named_table(value) and value["name"] in ARCHITECTURE_NAMES


def _graph(value: object) -> bool:
    """Empty, or with names of files and the number of gates; whether the files are listed is seen later."""
    if not isinstance(value, Mapping) or not _table(value):
        return False
    names = all(_some_text(value.get(part)) for part in ("xml", "constants"))
    return not value or (names and type(value.get("gates")) is int and 0 <= value["gates"] <= MOST_GATES)


def _edge(value: object) -> bool:
    return type(value) is int and 0 < value <= LARGEST_EDGE and value % TOKEN == 0


def _probability(value: object) -> bool:
    return _number(value) and 0 < value < 1  # type: ignore[operator]


# Entry → whether its value fits, and what it should be.
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (is_name, "lower-case letters, digits and - . _ (at most 64)"),
    "title": (_some_text, "a line of text"),
    "kind": (_some_text, "a line of text"),
    "version": (_some_text, "a line of text"),
    "architecture": (_architecture, f"a table with a name, one of {', '.join(ARCHITECTURE_NAMES)}"),
    # What is described otherwise would be run as if it were so, and give wrong results.
    "sequences": (
        lambda value: tuple(value) == SEQUENCES,
        f"{', '.join(SEQUENCES)}, in this order: the input of every network here",
    ),
    "regions": (
        lambda value: tuple(value) == REGION_KEYS,
        f"{', '.join(REGION_KEYS)}, in this order: the output of every network here",
    ),
    "spacing_mm": (
        lambda value: _number(value) and SPACING_MM[0] <= value <= SPACING_MM[1],
        f"millimetres from {SPACING_MM[0]:g} to {SPACING_MM[1]:g}",
    ),
    "normalisation": (
        lambda value: value == NORMALISATION,
        f"{NORMALISATION}: no other is done here",
    ),
    "thresholds": (
        lambda value: _table(value) and all(_probability(limit) for limit in value.values()),
        "a table of probabilities between 0 and 1",
    ),
    "min_component_ml": (lambda value: _number(value) and value >= 0, "millilitres, at least 0"),
    "window": (
        lambda value: len(value) == 3 and all(_edge(edge) for edge in value),
        f"three multiples of {TOKEN} up to {LARGEST_EDGE}",
    ),
    "files": (_table, "a table of files and hashes"),
    "graph": (_graph, f"empty, or a table of xml, constants and gates (up to {MOST_GATES})"),
    "licence": (_some_text, "a line of text"),
    "citations": (lambda value: all(_some_text(text) for text in value), "a list of lines of text"),
    "training": (_table, "a table"),
    "validation": (_table, "a table"),
    "created": (_text, "a date as text"),
}
