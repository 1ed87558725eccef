"""Lists of studies (CSV or JSON, paths relative to the file), and patterns of own names.

A pattern is such as ``{patient}/{study}/scan_{sequence}.nii.gz``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from humor.errors import InputError, UsageError
from humor.regions import LABEL_NAMES
from humor.sequences import SEQUENCES
from humor.study.file_names import read_name

from ..labelled_study import FoundStudies, LabelledStudy, SequenceFile
from .folders import LABEL

LIST_SUFFIXES = (".csv", ".json")
COLUMNS = ("patient", "study", *SEQUENCES, LABEL)


def read_list(path: Path) -> FoundStudies:
    """The studies of a list, in its order; files are not looked for yet.

    CSV: a line per study with the columns ``COLUMNS``; ``study`` may be left out, empty cells are missing
    sequences, other columns do not matter. JSON: a list of such objects, or an object with ``studies`` (such
    a list) or with ``pattern`` (``root``, ``names``: see ``find_by_pattern``), and optionally
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


def _from_rows(
    path: Path, rows: Iterable[Mapping[str, Any]], values: Mapping[int, int] | None
) -> FoundStudies:
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
        studies.append(LabelledStudy(name, cells["patient"], files, path.parent / cells[LABEL], values))
    return FoundStudies("list", tuple(studies), tuple(unlabelled))


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


DEFAULT_NAMES = {**{name: name for name in SEQUENCES}, LABEL: "seg"}
_FIELD = re.compile(r"\{(\w+)\}")
_KNOWN = ("patient", "study", "sequence")


def find_by_pattern(
    root: Path,
    pattern: str,
    names: Mapping[str, str] | None = None,
    label_values: Mapping[int, int] | None = None,
) -> FoundStudies:
    """Studies whose files fit a pattern.

    Args:
        root: the pattern's files lie below it.
        pattern: a path with ``{patient}``, ``{sequence}`` and, where a patient has several, ``{study}``. A
            field that stands twice must be the same twice. ``{sequence}`` is also the label map's place.
        names: sequence, or ``label``, → what stands in place of ``{sequence}``; default: ``t1``, ``t1c``,
            ``t2``, ``flair``, ``seg``.
        label_values: as ``LabelledStudy.label_values``.

    Raises:
        UsageError: the pattern lacks a field, or has an unknown one.
        InputError: two files fit one place, or ``names`` has an unknown or repeated name.
    """
    said = _checked_names({**DEFAULT_NAMES, **(names or {})})
    expression = _expression(pattern, said)
    kind_of = {text: kind for kind, text in said.items()}
    groups: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(root.glob(_FIELD.sub("*", pattern))):
        match = expression.fullmatch(path.relative_to(root).as_posix())
        if match:
            key = (match["patient"], match.groupdict().get("study") or "")
            group, kind = groups.setdefault(key, {}), kind_of[match["sequence"]]
            if kind in group:
                raise InputError(f"{group[kind]} and {path} are both {kind} of {key[0]} {key[1]}.")
            group[kind] = path
    studies, unlabelled = [], []
    for (patient, visit), found in sorted(groups.items()):
        name = f"{patient}_{visit}" if visit else patient
        if LABEL in found:
            files = {key: SequenceFile(found[key]) for key in SEQUENCES if key in found}
            studies.append(LabelledStudy(name, patient, files, found[LABEL], label_values))
        else:
            unlabelled.append(name)
    return FoundStudies("pattern", tuple(studies), tuple(unlabelled))


def _checked_names(names: dict[str, str]) -> dict[str, str]:
    unknown = sorted(set(names) - set(DEFAULT_NAMES))
    if unknown or len(set(names.values())) < len(names):
        raise InputError(
            f"names must say, each in its own way, what {', '.join(DEFAULT_NAMES)} are called; "
            f"they say {names}."
        )
    return names


def _expression(pattern: str, names: Mapping[str, str]) -> re.Pattern[str]:
    fields = _FIELD.findall(pattern)
    if unknown := sorted(set(fields) - set(_KNOWN)):
        raise UsageError(f"The pattern {pattern!r} has {unknown}, but can only have {', '.join(_KNOWN)}.")
    if missing := {"patient", "sequence"} - set(fields):
        raise UsageError(f"The pattern {pattern!r} needs {{{sorted(missing)[0]}}}.")
    result, seen = "", set()
    for index, part in enumerate(_FIELD.split(pattern)):
        if index % 2 == 0:
            result += re.escape(part)
        elif part in seen:
            result += f"(?P={part})"
        else:
            # The longest name first, so that "t1c" is not read as "t1" and a rest.
            texts = sorted(map(re.escape, names.values()), key=len, reverse=True)
            result += f"(?P<{part}>{'|'.join(texts) if part == 'sequence' else '[^/]+?'})"
            seen.add(part)
    return re.compile(result)
