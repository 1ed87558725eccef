"""Records of scenes: the same lines and the same table as ``humor batch`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from humor.batch.inputs import Stamps
from humor.batch.names import RECORDS, VOLUMES
from humor.batch.records import DONE, FAILED, Records
from humor.batch.volumes_table import write_volumes
from humor.errors import OutputError
from humor.output.provenance import now


class SceneRecords:
    """The records in an output folder, on disk after every study.

    Args:
        folder: made if need be.
        studies: names of all studies, for the table.
        settings: the model and the choices of this run; what was done with others is not done.

    Raises:
        OutputError: nothing can be written there; also from ``add_done`` and ``add_failed``.
    """

    def __init__(self, folder: Path, studies: Sequence[str], settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self._studies = list(studies)
        self._settings = dict(settings)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._records = Records(folder / RECORDS)
        except OSError as error:
            raise OutputError(f"{folder} cannot be used for results ({error.strerror or error}).") from error

    def scene(self, study: str) -> Path:
        """The file of a study's scene."""
        return self.folder / f"{study}.mrb"

    def is_done(self, study: str, inputs: Stamps) -> bool:
        """Whether the study's scene is there, made of the same files with the same choices."""
        last = self._records.last.get(study, {})
        wanted = {"status": DONE, "settings": self._settings, "inputs": inputs}
        return all(last.get(key) == value for key, value in wanted.items()) and self.scene(study).is_file()

    def add_done(self, study: str, inputs: Stamps, seconds: float, facts: Mapping[str, Any]) -> None:
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

    def add_failed(self, study: str, inputs: Stamps, seconds: float, error: Exception) -> None:
        """Keep a failure, with its reason."""
        reason = {"type": type(error).__name__, "message": str(error)}
        nothing: dict[str, Any] = {"volumes_ml": {}, "warnings": [], "model": "", "device": ""}
        facts = {"study": study, "status": FAILED, "inputs": inputs, "seconds": seconds, "error": reason}
        self._add({**facts, **nothing})

    def _add(self, facts: dict[str, Any]) -> None:
        shared = {"labels_ml": {}, "sequences": list(facts["inputs"]), "settings": self._settings}
        try:
            self._records.append({**facts, **shared, "recorded": now()})
            write_volumes(self.folder / VOLUMES, self._studies, self._records.last)
        except OSError as error:
            raise OutputError(
                f"{self.folder} cannot be written ({error.strerror or error}). Free some space, start again."
            ) from error
