"""Write a bundle: a folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path

import numpy as np

from ..errors import BundleError
from ..hashing import sha256_of_bytes
from ..interruption import put_off
from ..plain_files import is_folder, sync_file, sync_folder
from .bundle import Bundle, load_bundle, not_of_a_model
from .card import make_card
from .manifest import CARD, MANIFEST, Manifest
from .weights import encode_weights

_PREFIX = ".humor-"
_SUFFIX = ".partial"
_ABANDONED_SECONDS = 24 * 3600


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
        manifest: its metadata; ``files`` is filled here.
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


@contextmanager
def new_folder(final: Path, replace: bool = False) -> Iterator[Path]:
    """A temporary folder beside ``final``, which takes that name when the block ends well.

    After an error or a cancel it is removed, and what was at ``final`` is still there. What a
    killed process left is removed a day later.

    Args:
        final: the folder to make; parents are made if need be.
        replace: whether a folder that is there is replaced.

    Raises:
        BundleError: there is one already and it is not to be replaced, or writing fails.
    """
    _refuse_present(final, replace)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(final.parent)
        staging = Path(tempfile.mkdtemp(_SUFFIX, _PREFIX, final.parent))
    except OSError as error:
        raise _unwritable(final, error) from error
    try:
        yield staging
        _refuse_present(final, replace)
        staging.chmod(0o755)  # mkdtemp lets nobody else in
        for file in staging.iterdir():
            sync_file(file)
        sync_folder(staging)
        with put_off():
            _publish(staging, final)
            sync_folder(final.parent)
    except OSError as error:
        raise _unwritable(final, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, final: Path) -> None:
    """Rename; a folder that is there steps aside, and comes back if the renaming fails."""
    if not os.path.exists(final):
        staging.rename(final)
        return
    aside = Path(tempfile.mkdtemp(_SUFFIX, _PREFIX, final.parent))
    try:
        final.rename(aside / "old")
        try:
            staging.rename(final)
        except OSError:
            (aside / "old").rename(final)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _refuse_present(final: Path, replace: bool) -> None:
    if not os.path.lexists(final):
        return
    if not replace:
        raise BundleError(f"{final} is there already: ask for it to be replaced, or remove it first.")
    if not is_folder(final):
        raise BundleError(f"{final} is not a folder: remove it first.")
    if foreign := not_of_a_model(final):
        raise BundleError(
            f"{final} holds {', '.join(foreign)}, which no model has: it is not replaced. "
            "Move that away first."
        )


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*{_SUFFIX}"):
        # A link that has such a name is none of ours.
        if is_folder(folder) and time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _unwritable(final: Path, error: OSError) -> BundleError:
    return BundleError(
        f"{final}: the model cannot be written ({error.strerror or error}). "
        "Check that there is room on the disk and that writing there is allowed."
    )
