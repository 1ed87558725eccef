"""One study: load its volumes, segment, save the scene."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import slicer

from humor.errors import InputError, OutputError
from humor.sequences import DISPLAY_NAMES
from HUMoRSegmentLib.logic import HUMoRSegmentLogic
from HUMoRSegmentLib.options import Options
from HUMoRSegmentLib.scene import references

STAGING = ".partial"
CHUNK = 1 << 24


def segment_into_scene(
    logic: HUMoRSegmentLogic, name: str, files: Mapping[str, Path], scene: Path, options: Options
) -> dict[str, Any]:
    """Segment a study and save volumes, segmentation, tables and expert maps as one file.

    The scene of the application is cleared before and after.

    Args:
        logic: the module's.
        name: the study's.
        files: sequence → image file.
        scene: the ``.mrb`` file; it appears whole or not at all.
        options: what can be chosen.

    Returns:
        The entries of a record: volumes_ml, warnings, model, device.

    Raises:
        HumorError: the study cannot be read, segmented or saved.
    """
    slicer.mrmlScene.Clear()
    try:
        result = logic.segment(_load(name, files), options)
        _save(scene)
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


def _save(scene: Path) -> None:
    """Save under another name first: the file's name is also the one inside the bundle."""
    staging = scene.parent / STAGING
    try:
        staging.mkdir(exist_ok=True)
        if not slicer.util.saveScene(str(staging / scene.name), {}):
            raise OutputError(f"{scene} cannot be written. Check free space and permissions.")
        os.replace(staging / scene.name, scene)
    except OSError as error:
        raise OutputError(f"{scene} cannot be written ({error.strerror or error}).") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
