"""Own names, told by a pattern such as ``{patient}/{study}/scan_{sequence}.nii.gz``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from humor.errors import InputError, UsageError
from humor.sequences import SEQUENCES

from ..study import Found, SequenceFile, Study

NAME = "pattern"
LABEL = "label"
DEFAULT_NAMES = {**{name: name for name in SEQUENCES}, LABEL: "seg"}
_FIELD = re.compile(r"\{(\w+)\}")
_KNOWN = ("patient", "study", "sequence")


def find_by_pattern(
    root: Path,
    pattern: str,
    names: Mapping[str, str] | None = None,
    label_values: Mapping[int, int] | None = None,
) -> Found:
    """Studies whose files fit a pattern.

    Args:
        root: the pattern's files lie below it.
        pattern: a path with ``{patient}``, ``{sequence}`` and, where a patient has several, ``{study}``. A
            field that stands twice must be the same twice. ``{sequence}`` is also the label map's place.
        names: sequence, or ``label``, → what stands in place of ``{sequence}``; default: ``t1``, ``t1c``,
            ``t2``, ``flair``, ``seg``.
        label_values: as ``Study.label_values``.

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
            studies.append(Study(name, patient, files, found[LABEL], label_values))
        else:
            unlabelled.append(name)
    return Found(NAME, tuple(studies), tuple(unlabelled))


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
