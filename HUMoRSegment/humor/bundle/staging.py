"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import BundleError

_PREFIX = ".humor-"
_SUFFIX = ".partial"
_ABANDONED_SECONDS = 24 * 3600


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
        _publish(staging, final)
    except OSError as error:
        raise _unwritable(final, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, final: Path) -> None:
    """Rename; a folder that is there steps aside, and comes back if the renaming fails."""
    if not final.exists():
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
    if final.exists() and not replace:
        raise BundleError(f"{final} is there already: ask for it to be replaced, or remove it first.")
    if final.exists() and not final.is_dir():
        raise BundleError(f"{final} is not a folder: remove it first.")


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*{_SUFFIX}"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _unwritable(final: Path, error: OSError) -> BundleError:
    return BundleError(
        f"{final}: the model cannot be written ({error.strerror or error}). "
        "Check that there is room on the disk and that writing there is allowed."
    )
