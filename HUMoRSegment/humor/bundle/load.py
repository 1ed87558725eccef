"""Open a bundle."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import BundleError
from .bundle import Bundle
from .hashing import sha256_of_bytes
from .manifest import MANIFEST, MAX_MANIFEST_BYTES, Manifest
from .opening import open_file
from .rules import GET_AGAIN
from .weights import weight_files


def load_bundle(folder: Path | str) -> Bundle:
    """Open the bundle in a folder: read its facts and see that its files are there.

    Takes about a millisecond: weights are read, and their hashes checked, when they are asked for.

    Raises:
        BundleError: no bundle there, a description that does not fit, or a file is missing.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        with open_file(path) as file:
            text = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise BundleError(
            f"{folder} is not a model: {path.name} cannot be read ({error.strerror or error}). "
            "'humor models' lists the models that are here."
        ) from error
    if len(text) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{path} is too large to be a description. {GET_AGAIN}")
    manifest = Manifest.from_json(text, str(path))
    weight_files(manifest.files, folder)
    missing = sorted(name for name in manifest.files if not os.path.isfile(folder / name))
    if missing:
        raise BundleError(
            f"{folder}: files are missing, or no plain files: {', '.join(missing)}. {GET_AGAIN}"
        )
    _check_graph(manifest, path)
    return Bundle(folder, manifest, sha256_of_bytes(text))


def _check_graph(manifest: Manifest, path: Path) -> None:
    graph = manifest.graph
    if not graph:
        return
    if not all(graph[part] in manifest.files for part in ("xml", "constants")):
        raise BundleError(f"{path}: graph must name its xml and constants among the files. {GET_AGAIN}")
