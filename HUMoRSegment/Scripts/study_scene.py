"""One study: load its volumes, segment, save the scene."""

from __future__ import annotations

import gzip
import math
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import slicer
from scene_records import SceneRecords

from humor.errors import Cancelled, HumorError, InputError, OutputError
from humor.plain_files import PARTIAL
from humor.sequences import DISPLAY_NAMES
from HUMoRSegmentLib.logic import HUMoRSegmentLogic
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.result import SceneResult
from HUMoRSegmentLib.run.task import Run
from HUMoRSegmentLib.scene import references

STAGING = ".humor-scene-"
CHUNK = 1 << 24


def segment_into_scene(
    logic: HUMoRSegmentLogic,
    name: str,
    files: Mapping[str, Path],
    records: SceneRecords,
    options: Options,
    time_limit: float | None = None,
) -> dict[str, Any]:
    """Segment a study and save volumes, segmentation, tables and expert maps as one file.

    The scene of the application is cleared before and after.

    Args:
        logic: the module's.
        name: the study's.
        files: sequence → image file.
        records: of the output folder, which get the ``.mrb`` file; it appears whole or not at all.
        options: what can be chosen.
        time_limit: seconds after which the run is given up; None for no limit.

    Returns:
        The entries of a record: volumes_ml, warnings, model, device.

    Raises:
        HumorError: the study cannot be read, segmented or saved.
    """
    slicer.mrmlScene.Clear()
    try:
        result = _segmented(logic, _load(name, files), options, time_limit)
        _save(records, name)
        node = result.segmentation
        words = (node.GetAttribute(references.MODEL), node.GetAttribute(references.MODEL_VERSION))
        return {
            "volumes_ml": {region: round(ml, 3) for region, ml in result.volumes_ml.items()},
            "warnings": list(result.warnings),
            "model": " ".join(word for word in words if word),
            "device": node.GetAttribute(references.DEVICE) or "",
        }
    finally:
        slicer.mrmlScene.Clear()


def _segmented(
    logic: HUMoRSegmentLogic, nodes: Mapping[str, Any], options: Options, time_limit: float | None
) -> SceneResult:
    end = math.inf if time_limit is None else time.monotonic() + time_limit

    def watch(run: Run) -> None:
        if time.monotonic() > end:
            run.cancel()

    try:
        return logic.segment(nodes, options, on_poll=watch)
    except Cancelled as error:
        if time.monotonic() <= end:
            raise
        raise HumorError(
            f"It was not done after {time_limit:g} s and was given up. Give more time with --time-limit."
        ) from error


def _load(name: str, files: Mapping[str, Path]) -> dict[str, Any]:
    nodes = {}
    for sequence, path in files.items():
        _refuse_damaged(path)
        properties = {"name": f"{name} {DISPLAY_NAMES[sequence]}", "singleFile": True, "show": False}
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


def _save(records: SceneRecords, name: str) -> None:
    """Save in another folder first: the file's name is also the one inside the bundle."""
    scene = records.scene(name)
    try:
        with TemporaryDirectory(PARTIAL, STAGING, scene.parent) as staging:
            if not slicer.util.saveScene(str(Path(staging) / scene.name), {}):
                raise OutputError(f"{scene} cannot be written. Check free space and permissions.")
            records.keep_scene(name, Path(staging) / scene.name)
    except OSError as error:
        raise OutputError(f"{scene} cannot be written ({error.strerror or error}).") from error
