"""What a model's zip file says about itself, before it is imported."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path, PurePosixPath

from humor.bundle.manifest import MANIFEST, MAX_MANIFEST_BYTES


def model_name(path: Path) -> str:
    """The name of the model in a zip; empty if it cannot be told. The import itself checks everything."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if PurePosixPath(name).name == MANIFEST:
                    with archive.open(name) as file:
                        return str(json.loads(file.read(MAX_MANIFEST_BYTES))["name"])
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, RuntimeError):
        return ""
    return ""
