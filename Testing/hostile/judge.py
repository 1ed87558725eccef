"""Whether what happened with a case is lawful."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from humor.output.names import LABEL_MAP, PROBABILITIES, REPORT
from humor.plain_files import sha256_of_plain

from .case import OUT, Case, Happened

_FORBIDDEN = ("Traceback (most recent call last)", "Unexpected failure", "This should not happen")
_CANCELLED = 130


@dataclass(frozen=True)
class Usual:
    """What an undisturbed run of the same sequences gives: the whole tumour in ml, and its warnings."""

    tumour_ml: float
    warnings: tuple[str, ...]

    def has(self, warning: str) -> bool:
        """Whether a warning is one of those that always come, whatever its numbers."""
        return _without_numbers(warning) in map(_without_numbers, self.warnings)


def _without_numbers(text: str) -> str:
    return re.sub(r"[0-9.]+", "", text)


def photograph(place: Path) -> dict[str, str]:
    """Everything in a place: name → what it is, plain files by their hash."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(place):
        for name in [*folders, *files]:
            path = Path(folder) / name
            found[str(path.relative_to(place))] = _look(path)
    return found


def _look(path: Path) -> str:
    try:
        facts = path.lstat()
        if stat.S_ISLNK(facts.st_mode):
            return f"link to {os.readlink(path)}"
        if not stat.S_ISREG(facts.st_mode):
            return f"mode {stat.S_IFMT(facts.st_mode):o}"
        if facts.st_blocks * 512 < facts.st_size // 2:  # a sparse giant: its facts must do
            return f"{facts.st_size} bytes of {facts.st_mtime_ns}"
        return sha256_of_plain(path)
    except OSError as error:
        return f"unreadable: {error.errno}"


def judge(
    case: Case,
    place: Path,
    arguments: Sequence[str],
    happened: Happened,
    before: Mapping[str, str],
    usual: Usual | None,
) -> list[str]:
    """What is wrong with it; empty if nothing is.

    Args:
        case: the case.
        place: its folder, after the run.
        arguments: of the run.
        happened: what the run did.
        before: the photograph of the place.
        usual: of an undisturbed run; None where it does not matter.
    """
    text = happened.out + happened.err
    faults = [word for word in _FORBIDDEN if word in text]
    faults += [f"prints {character!r}" for character in sorted(set(text)) if _acts(character)]
    if happened.code < 0:
        faults.append(f"crash: signal {-happened.code}")
    elif happened.code not in case.codes:
        faults.append(f"exit code {happened.code}, lawful: {sorted(case.codes)}")
    if happened.code in (1, 2):
        faults += _about_words(case, happened)
    if _wants_json(arguments):
        faults += _about_json(case, happened)
    if case.check is not None and not faults:
        faults += case.check(place, happened)
    after = photograph(place)
    changed = _changed(before, after)
    faults += [f"changed: {name}" for name in changed if not _is_ours(Path(name), case)]
    if happened.code in (0, _CANCELLED) or case.child:
        return faults + _about_results(case, place, happened, usual)
    return faults + [f"failed, but wrote {name}" for name in _results_written(before, after)]


def _acts(character: str) -> bool:
    """Whether a terminal would obey it; an end of a line is no harm."""
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != "\n"


def _wants_json(arguments: Sequence[str]) -> bool:
    options = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    return "--json" in options


def _about_json(case: Case, happened: Happened) -> list[str]:
    """Stdout holds whole lines of JSON and nothing else, also when it fails."""
    if case.child is not None and case.child.stdout != "pipe":
        return []
    try:
        lines = [json.loads(line) for line in happened.out.splitlines()]
    except ValueError as error:
        return [f"stdout is not JSON: {error}"]
    return [] if lines and all(isinstance(line, dict) for line in lines) else ["stdout has no line of JSON"]


def _about_words(case: Case, happened: Happened) -> list[str]:
    quiet = case.child is not None and "pipe" not in (case.child.stdout, case.child.stderr)
    if quiet or (case.child is not None and case.child.stderr != "pipe"):
        return []
    text = happened.out + happened.err
    if not text.strip():
        return ["failed without a word"]
    if case.says and not any(word in text for word in case.says):
        return [f"the error does not say {' or '.join(case.says)!r}"]
    return []


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name, what in before.items() if after.get(name) != what)


def _is_ours(name: Path, case: Case) -> bool:
    return any(name == Path(mine) or Path(mine) in name.parents for mine in case.ours)


def _results_written(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    names = [f"{OUT}/{name}" for name in (LABEL_MAP, PROBABILITIES, REPORT)]
    return [name for name in names if name in after and after[name] != before.get(name)]


def _about_results(case: Case, place: Path, happened: Happened, usual: Usual | None) -> list[str]:
    folder = place / OUT
    try:
        text = (folder / REPORT).read_bytes()
    except OSError:
        return _without_report(case, place, happened)
    if OUT not in case.ours or happened.code not in (0, _CANCELLED):
        return []
    try:
        facts = json.loads(text)
        label_map = nibabel.load(folder / LABEL_MAP)
        labels = np.asarray(label_map.dataobj)
    except (OSError, ValueError, EOFError, zlib.error, nibabel.filebasedimages.ImageFileError) as error:
        return [f"half-written result: {type(error).__name__}: {error}"]
    faults = []
    for name, listed in facts["output_files"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != listed["sha256"]:
            faults.append(f"{name} is not what {REPORT} lists")
    if list(labels.shape) != facts["grid"]["shape"] or not _lies_on_reference(label_map.affine, facts):
        faults.append("the label map is not on the grid of the reference")
    if not set(np.unique(labels)) <= {0, 1, 2, 4}:
        faults.append("other labels than 0, 1, 2, 4")
    if case.within is None or usual is None:
        return faults
    found_ml, usual_ml = facts["volumes_ml"]["WT"], usual.tumour_ml
    told = [warning for warning in facts["warnings"] if not usual.has(warning)]
    excused = any(word in warning for warning in told for word in case.warns)
    if abs(found_ml - usual_ml) > case.within * usual_ml and not excused:
        faults.append(f"wrong in silence: WT {found_ml:.1f} ml instead of {usual_ml:.1f} ml")
    return faults


def _lies_on_reference(affine: np.ndarray, facts: Mapping[str, Any]) -> bool:
    """As the report says, or, where a header contradicts itself, as the input lies for the same reader."""
    if np.allclose(affine, facts["grid"]["affine"], atol=1e-3):
        return True
    used = next(each for each in facts["inputs"] if each["sequence"] == facts["sequences"]["reference"])
    return np.allclose(affine, nibabel.load(Path(used["folder"]) / used["file"]).affine, atol=1e-3)


def _without_report(case: Case, place: Path, happened: Happened) -> list[str]:
    if happened.code == 0 and case.within is not None and OUT in case.ours:
        return [f"done, but there is no {REPORT}"]
    killed = case.child is not None and case.child.kill
    left = [name for name in (LABEL_MAP, PROBABILITIES) if (place / OUT / name).exists()]
    if OUT in case.ours and left and not killed:
        return [f"results without {REPORT}: {', '.join(left)}"]
    return []
