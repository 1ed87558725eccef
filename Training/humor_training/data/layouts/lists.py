"""Lists of studies: CSV or JSON, or JSON with a pattern. Paths in them are relative to the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from humor.errors import InputError
from humor.regions import LABEL_NAMES
from humor.sequences import SEQUENCES
from humor.study.file_names import read_name

from ..study import Found, SequenceFile, Study
from .pattern import LABEL, find_by_pattern

NAME = "list"
LIST_SUFFIXES = (".csv", ".json")
COLUMNS = ("patient", "study", *SEQUENCES, LABEL)


def read_list(path: Path) -> Found:
    """The studies of a list, in its order; files are not looked for yet.

    CSV: a line per study with the columns ``COLUMNS``; ``study`` may be left out, empty cells are missing
    sequences, other columns do not matter. JSON: a list of such objects, or an object with ``studies`` (such
    a list) or with ``pattern`` (``root``, ``names``: see ``pattern.find_by_pattern``), and optionally
    ``label_values`` (stored value → BraTS label 0, 1, 2 or 4).

    Raises:
        InputError: it cannot be read, or a line has no patient.
    """
    try:
        if path.suffix.lower() == ".csv":
            with path.open(newline="", encoding="utf-8-sig") as file:
                return _from_rows(path, list(csv.DictReader(file)), None)
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, list):
            return _from_rows(path, content, None)
        values = _label_values(path, content.get("label_values"))
        if "pattern" in content:
            root = path.parent / content.get("root", ".")
            return find_by_pattern(root, content["pattern"], content.get("names"), values)
        return _from_rows(path, content["studies"], values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be understood as a list of studies ({error!r}). It needs the columns "
            f"{', '.join(COLUMNS)} (study and any sequence may be left out)."
        ) from error


def _from_rows(path: Path, rows: Iterable[Mapping[str, Any]], values: Mapping[int, int] | None) -> Found:
    studies, unlabelled = [], []
    for number, row in enumerate(rows, 1):
        _refuse_misspelt(path, row)
        cells = {key: str(row[key]).strip() for key in COLUMNS if row.get(key)}
        if "patient" not in cells:
            raise InputError(f"{path}: entry {number} has no patient. Fill the column patient.")
        name = cells.get("study", cells["patient"])
        if LABEL not in cells:
            unlabelled.append(name)
            continue
        files = {key: SequenceFile(path.parent / cells[key]) for key in SEQUENCES if key in cells}
        studies.append(Study(name, cells["patient"], files, path.parent / cells[LABEL], values))
    return Found(NAME, tuple(studies), tuple(unlabelled))


def _refuse_misspelt(path: Path, row: Mapping[str, Any]) -> None:
    """Other columns do not matter, but one that speaks of a sequence would be missed silently."""
    for column in row:
        if column and column not in COLUMNS and (kind := read_name(column).kind) in SEQUENCES:
            raise InputError(
                f"{path}: call the column {column!r} {kind!r}, or give it a name without a sequence."
            )


def _label_values(path: Path, said: Mapping[str, int] | None) -> dict[int, int] | None:
    if said is None:
        return None
    values = {int(value): int(label) for value, label in said.items()}
    if not set(values.values()) <= {0, *LABEL_NAMES}:
        raise InputError(f"{path}: label_values must lead to 0 (background), 1 (NCR), 2 (ED) or 4 (ET).")
    return values
