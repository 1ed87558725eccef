"""Records of scenes: the same lines and the same table as ``humor batch`` writes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from humor.batch.batch_folder import OwnFiles
from humor.batch.records import DONE, FAILED, Records, volumes_table, was_made_here
from humor.batch.state import RECORDS, VOLUMES, InputStats
from humor.errors import OutputError
from humor.hashing import sha256_of_bytes
from humor.output.plain_files import is_plain, sha256_of_plain, sync_file, sync_folder, write_whole
from humor.output.provenance import now

_RECORDED_TO = 1.0  # seconds: as finely as records tell the time


class SceneRecords:
    """The records in an output folder, on disk after every study.

    Args:
        folder: made if need be.
        studies: names of all studies, for the table.
        settings: the model and the choices of this run; what was done with others is not done.

    Raises:
        OutputError: nothing can be written there, or a file of the user's has a name that is needed;
            also from all methods that write.
    """

    def __init__(self, folder: Path, studies: Sequence[str], settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self._studies = list(studies)
        self._settings = dict(settings)
        try:
            self._own = OwnFiles(folder)
            self._records = Records(folder / RECORDS, self._own.began_here)
            self._own.refuse_foreign(VOLUMES, was_made_here)
        except OSError as error:
            raise OutputError(f"{folder} cannot be used for results ({error.strerror or error}).") from error

    def scene(self, study: str) -> Path:
        """The file of a study's scene."""
        return self.folder / f"{study}.mrb"

    def is_done(self, study: str, inputs: InputStats) -> bool:
        """Whether the study's scene is there, made of the same files with the same choices."""
        last = self._records.last.get(study, {})
        wanted = {"status": DONE, "settings": self._settings, "inputs": inputs}
        there = self.scene(study)
        return (
            all(last.get(key) == value for key, value in wanted.items())
            and is_plain(there)
            and there.stat().st_size > 0
        )

    def refuse_foreign(self, study: str) -> None:
        """Stop before a scene is made that would replace one that the user has saved or changed.

        Raises:
            OutputError: it would.
        """
        try:
            self._own.refuse_foreign(self.scene(study).name, lambda path: self._from_before(study, path))
        except OSError as error:
            raise OutputError(f"{self.scene(study)} cannot be read ({error.strerror or error}).") from error

    def _from_before(self, study: str, path: Path) -> bool:
        """Version 0.1.0 kept no hashes: what is newer than its record is the user's."""
        last = self._records.last.get(study, {})
        try:
            recorded = datetime.fromisoformat(str(last.get("recorded"))).timestamp()
        except ValueError:
            return False
        return last["status"] == DONE and path.stat().st_mtime <= recorded + _RECORDED_TO

    def keep_scene(self, study: str, staged: Path) -> None:
        """Give a scene that was written elsewhere its name; it appears whole or not at all.

        Raises:
            OutputError: it cannot be written, or would replace one of the user's.
        """
        scene = self.scene(study)
        self.refuse_foreign(study)
        try:
            sync_file(staged)
            self._own.note(scene.name, sha256_of_plain(staged))
            os.replace(staged, scene)
            sync_folder(scene.parent)
        except OSError as error:
            raise OutputError(f"{scene} cannot be written ({error.strerror or error}).") from error

    def add_done(self, study: str, inputs: InputStats, seconds: float, facts: Mapping[str, Any]) -> None:
        """Keep a success.

        Args:
            study: its name.
            inputs: what its files were.
            seconds: what it took.
            facts: ``volumes_ml``, ``warnings``, ``model`` and ``device``.
        """
        self._add(
            {"study": study, "status": DONE, "inputs": inputs, "seconds": seconds, "error": None, **facts}
        )

    def add_failed(self, study: str, inputs: InputStats, seconds: float, error: Exception) -> None:
        """Keep a failure, with its reason."""
        reason = {"type": type(error).__name__, "message": str(error)}
        nothing: dict[str, Any] = {"volumes_ml": {}, "warnings": [], "model": "", "device": ""}
        facts = {"study": study, "status": FAILED, "inputs": inputs, "seconds": seconds, "error": reason}
        self._add({**facts, **nothing})

    def _add(self, facts: dict[str, Any]) -> None:
        shared = {"labels_ml": {}, "sequences": list(facts["inputs"]), "settings": self._settings}
        try:
            self._records.append({**facts, **shared, "recorded": now()})
            self._own.refuse_foreign(VOLUMES, was_made_here)
            table = volumes_table(self._studies, self._records.last)
            self._own.note(VOLUMES, sha256_of_bytes(table))
            write_whole(self.folder / VOLUMES, table)
        except OSError as error:
            raise OutputError(
                f"{self.folder} cannot be written ({error.strerror or error}). Free some space, start again."
            ) from error
