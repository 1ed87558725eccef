"""Which files of an output folder an earlier run of ours wrote: by name and SHA-256, never by name alone.

A run's mark (``report.json``) lists its files with their hashes and is sealed with a hash of its own
facts. Reports of version 0.1.0 have neither: there, what is newer than the report counts as the
user's. A run that was cancelled or killed before its mark leaves a journal that says the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OutputError
from ..plain_files import read_plain, sha256_of_plain, write_whole
from .names import Kind

JOURNAL = ".humor.journal"
"""There while a run publishes, and after one that ended before its mark."""
FILES = "output_files"
"""In a mark: name → ``bytes`` and ``sha256`` of each file but the mark itself."""
SEAL = "facts_sha256"
"""In a mark: hash of all other facts."""
_SCHEMA = "humor-"
_JOURNAL_SCHEMA = "humor-journal/1"


@dataclass(frozen=True)
class Claim:
    """What is known about a file that a run of ours wrote.

    Attributes:
        sha256: any of these is what was written.
        size: bytes that were written, where only one content is possible.
        newest: if no hash is known: time of modification (ns) up to which it counts as ours.
    """

    sha256: frozenset[str] = frozenset()
    size: int | None = None
    newest: int | None = None

    def covers(self, path: Path) -> bool:
        """Whether what is there now is what was written; an emptied file has nothing to be kept.

        Raises:
            OSError: it cannot be read.
        """
        facts = os.lstat(path)
        if not stat.S_ISREG(facts.st_mode):
            return False
        if facts.st_size == 0:
            return True
        if not self.sha256:
            return self.newest is not None and facts.st_mtime_ns <= self.newest
        return self.size in (None, facts.st_size) and sha256_of_plain(path) in self.sha256

    def whole(self, path: Path, by_content: bool) -> bool:
        """Whether it is there as it was written; quickly by its size, or surely by its content."""
        try:
            facts = os.lstat(path)
            if not stat.S_ISREG(facts.st_mode) or not facts.st_size:
                return False
            if by_content or not self.sha256:
                return self.covers(path)
            return self.size in (None, facts.st_size)
        except OSError:
            return False


Claims = dict[str, Claim]


def sealed(facts: Mapping[str, Any]) -> str:
    """The text of a mark with these facts."""
    whole = {**facts, SEAL: _digest(facts)}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def marked(folder: Path, kind: Kind) -> Claims:
    """What the folder's mark says was written with it; nothing if there is none, or if it was changed."""
    if not kind.mark:
        return {}
    try:
        path = folder / kind.mark
        written = os.lstat(path).st_mtime_ns
        data = read_plain(path)
    except OSError:
        return {}
    facts = parsed(data)
    return {} if facts is None else claims_of(facts, kind, hashlib.sha256(data).hexdigest(), written)


def parsed(data: bytes) -> dict[str, Any] | None:
    """The facts of a mark; None if it is damaged, was changed, or is none of ours."""
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or not str(facts.get("schema")).startswith(_SCHEMA):
        return None
    if SEAL in facts:
        return facts if facts[SEAL] == _digest(facts) else None
    return None if FILES in facts else facts


def claims_of(facts: Mapping[str, Any], kind: Kind, sha256: str, written: int) -> Claims:
    """The claims of a mark.

    Args:
        facts: from ``parsed``.
        kind: names that are no results of this kind are never claimed.
        sha256: of the mark itself.
        written: its time of modification (ns).
    """
    claims: Claims = {}
    if isinstance(facts.get(FILES), dict):
        for name, item in facts[FILES].items():
            if is_result(name, kind) and isinstance(item, dict):
                size = item.get("bytes") if isinstance(item.get("bytes"), int) else None
                claims[name] = Claim(frozenset([str(item.get("sha256"))]), size)
    else:
        listed = facts.get("outputs", kind.names)  # influence.json of version 0.1.0 lists nothing
        for name in listed if isinstance(listed, list | tuple) else ():
            if is_result(name, kind):
                claims[name] = Claim(newest=written)
    claims[kind.mark] = Claim(frozenset([sha256]))
    return claims


def is_result(name: Any, kind: Kind) -> bool:
    """Whether a name is one of a result: a mark can claim nothing else."""
    if name in kind.names:
        return True
    folder, slash, file = str(name).partition("/")
    return bool(kind.maps and slash and folder == kind.maps and file.endswith(".nii.gz") and "/" not in file)


def present(folder: Path, kind: Kind) -> list[str]:
    """Names of results that something in the folder has, whatever it is."""
    names = [name for name in kind.names if os.path.lexists(folder / name)]
    if kind.maps and os.path.lexists(folder / kind.maps):
        maps = folder / kind.maps
        if os.path.islink(maps) or not os.path.isdir(maps):
            return [*names, kind.maps]
        names += [f"{kind.maps}/{file.name}" for file in maps.iterdir() if file.name.endswith(".nii.gz")]
    return sorted(names)


class Journal:
    """What was, or was about to be, given its name in a folder, on disk before it happened.

    Args:
        path: the file.
        forgiving: a damaged one says nothing, where its folder holds nothing of the user's.

    Raises:
        OutputError: something else has its name.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, forgiving: bool = False) -> None:
        self._path = path
        self.staging = ""
        """The folder of half-written things of the run that wrote it."""
        self.known: dict[str, list[str]] = {}
        """Name → SHA-256 of what it may hold."""
        if os.path.lexists(path):
            try:
                self._read()
            except (OSError, OutputError):
                if not forgiving:
                    raise

    def write(self, staging: str, known: Mapping[str, list[str]]) -> None:
        """Replace what it says.

        Raises:
            OSError: it cannot be written.
        """
        self.staging, self.known = staging, {name: list(hashes) for name, hashes in known.items()}
        facts = {"schema": _JOURNAL_SCHEMA, "staging": self.staging, "files": self.known}
        write_whole(self._path, json.dumps(facts).encode())

    def remove(self) -> None:
        """Nothing of it is of use any more."""
        self._path.unlink(missing_ok=True)

    def claims(self) -> Claims:
        """As claims."""
        return {name: Claim(frozenset(hashes)) for name, hashes in self.known.items()}

    def _read(self) -> None:
        try:
            facts = json.loads(read_plain(self._path))
            if facts["schema"] != _JOURNAL_SCHEMA:
                raise ValueError("another schema")
            self.staging = str(facts["staging"])
            self.known = {str(name): [str(one) for one in hashes] for name, hashes in facts["files"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise OutputError(
                f"{self._path} is not as HUMoR wrote it, so nobody knows what it is for. Move it away, or "
                "choose another output folder."
            ) from error


def joined(*several: Claims) -> Claims:
    """Any of what they say."""
    found: Claims = {}
    for claims in several:
        for name, claim in claims.items():
            other = found.get(name)
            if other is None:
                found[name] = claim
            elif other != claim:
                hashes = other.sha256 | claim.sha256
                found[name] = Claim(hashes, newest=other.newest if not hashes else None)
    return found


def _digest(facts: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in facts.items() if key != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
