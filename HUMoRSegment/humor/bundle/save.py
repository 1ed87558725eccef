"""Write a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as changed
from pathlib import Path

import numpy as np

from ..errors import BundleError
from .bundle import Bundle
from .card import make_card
from .hashing import sha256_of_bytes
from .load import load_bundle
from .manifest import CARD, MANIFEST, Manifest
from .staging import new_folder
from .weights import encode_weights


def save_bundle(
    folder: Path | str,
    manifest: Manifest,
    weights: Mapping[str, np.ndarray],
    extra_files: Mapping[str, bytes | Path] | None = None,
    replace: bool = False,
) -> Bundle:
    """Write weights, other files, ``bundle.json`` and the model card as one folder, atomically.

    Args:
        folder: the bundle's folder.
        manifest: its facts; ``files`` is filled here.
        weights: tensor → array; floats are stored in half precision.
        extra_files: further files, e.g. the OpenVINO graph: name → content, or where it is now.
        replace: whether a bundle that is there is replaced.

    Raises:
        BundleError: the folder is there already, something does not fit, or writing fails; then
            nothing is left of it.
    """
    contents: dict[str, bytes] = encode_weights(weights)
    for name, content in (extra_files or {}).items():
        if name in contents:
            raise BundleError(f"{folder}: {name} is the name of a weights file.")
        contents[name] = content if isinstance(content, bytes) else _content(content)
    complete = changed(manifest, files={name: sha256_of_bytes(data) for name, data in contents.items()})
    with new_folder(Path(folder), replace) as staging:
        for name, data in contents.items():
            (staging / name).write_bytes(data)
        (staging / MANIFEST).write_bytes(complete.to_json().encode())
        (staging / CARD).write_bytes(make_card(complete).encode())
        load_bundle(staging).verify()
    return load_bundle(folder)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read ({error.strerror or error}), so the bundle was not written."
        ) from error
