"""Results of a batch as scenes (.mrb): volumes, segmentation, tables and expert maps of one study each."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import slicer

from humor.batch.batch_folder import users_file
from humor.batch.state import STATE_FOLDER
from humor.errors import InputError, OutputError
from humor.output.ownership import Claim
from humor.plain_files import (
    PARTIAL,
    is_plain,
    read_plain,
    sha256_of_plain,
    sync_file,
    sync_folder,
    write_whole,
)
from humor.sequences import DISPLAY_NAMES
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import show_result

STAGING = ".humor-scene-"
CHUNK = 1 << 24
_KEPT = 2  # hashes of a scene: a kill may have come before or after it was replaced


class Scenes:
    """The scenes beside the studies' folders of results.

    Args:
        folder: the batch's output folder.
        options: those that decide which nodes a scene has.
    """

    def __init__(self, folder: Path, options: Options) -> None:
        self.folder = folder
        self._options = options
        self._state = folder / STATE_FOLDER / "scenes"
        self._choices = [options.label_map, options.region_label_maps, options.probabilities]

    def path(self, study: str) -> Path:
        """The file of a study's scene."""
        return self.folder / f"{study}.mrb"

    def is_current(self, record: Mapping[str, Any]) -> bool:
        """Whether the scene of a finished study is there, made of this very result with the same choices."""
        made = self._made(record["study"])
        there = self.path(record["study"])
        wanted = [record.get("report_sha256"), self._choices]
        return (
            [made.get("report"), made.get("choices")] == wanted
            and is_plain(there)
            and there.stat().st_size > 0
        )

    def make(self, record: Mapping[str, Any]) -> None:
        """Make the scene of a finished study; the application's scene is cleared before and after.

        Args:
            record: of the study, as the batch wrote it.

        Raises:
            HumorError: an image or a result cannot be read, or the scene cannot be written, or would
                replace one that the user has saved or changed.
        """
        study = record["study"]
        files = {sequence: Path(stat["path"]) for sequence, stat in record["inputs"].items()}
        self._refuse_users(study)
        slicer.mrmlScene.Clear()
        try:
            show_result(self.folder / study, _load(study, files), self._options)
            self._save(study, str(record["report_sha256"]))
        finally:
            slicer.mrmlScene.Clear()

    def _save(self, study: str, report: str) -> None:
        """Save in another folder first: the file's name is also the one inside the bundle."""
        scene = self.path(study)
        try:
            with TemporaryDirectory(PARTIAL, STAGING, scene.parent) as staging:
                staged = Path(staging) / scene.name
                if not slicer.util.saveScene(str(staged), {}):
                    raise OutputError(f"{scene} cannot be written. Check free space and permissions.")
                sync_file(staged)
                self._refuse_users(study)  # making it took a while
                self._note(study, report, sha256_of_plain(staged))
                os.replace(staged, scene)
                sync_folder(scene.parent)
        except OSError as error:
            raise OutputError(f"{scene} cannot be written ({error.strerror or error}).") from error

    def _refuse_users(self, study: str) -> None:
        scene, known = self.path(study), self._made(study).get("sha256", [])
        try:
            if os.path.lexists(scene) and not Claim(frozenset(known)).covers(scene):
                raise users_file(scene, changed=bool(known))
        except OSError as error:
            raise OutputError(f"{scene} cannot be read ({error.strerror or error}).") from error

    def _note(self, study: str, report: str, sha256: str) -> None:
        """On disk before the scene gets its name, so that after a kill nobody takes it for the user's."""
        known = [*self._made(study).get("sha256", []), sha256][-_KEPT:]
        self._state.mkdir(parents=True, exist_ok=True)
        made = {"report": report, "choices": self._choices, "sha256": known}
        write_whole(self._state / f"{study}.json", json.dumps(made).encode())

    def _made(self, study: str) -> dict[str, Any]:
        """What is known about a study's scene; nothing where there is none, or the note is damaged."""
        try:
            made = json.loads(read_plain(self._state / f"{study}.json"))
        except (OSError, ValueError, RecursionError):
            return {}
        return made if isinstance(made, dict) and isinstance(made.get("sha256"), list) else {}


def _load(study: str, files: Mapping[str, Path]) -> dict[str, Any]:
    nodes = {}
    for sequence, path in files.items():
        _refuse_damaged(path)
        properties = {"name": f"{study} {DISPLAY_NAMES[sequence]}", "singleFile": True, "show": False}
        try:
            nodes[sequence] = slicer.util.loadVolume(str(path), properties)
        except RuntimeError as error:
            raise InputError(f"{path} cannot be read. Check that it is a whole image file.") from error
    return nodes


def _refuse_damaged(path: Path) -> None:
    """Slicer reads a cut-off ``.gz`` without complaint, with nothing where the rest should be."""
    if path.suffix.lower() != ".gz":
        return
    try:
        with gzip.open(path) as file:
            while file.read(CHUNK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged ({error}). Copy or download it again.") from error
