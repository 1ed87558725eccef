"""A bundle as one zip file, to carry models to machines without a network."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import BundleError, OutputError, UsageError
from ..plain_files import is_plain, sync_file, sync_folder
from .bundle import MAX_BYTES, Bundle, load_bundle, open_file
from .card import make_card
from .manifest import CARD, MANIFEST, MAX_MANIFEST_BYTES, Manifest
from .save import new_folder
from .store import writable_user_folder

MAX_MEMBERS = 1000
# Weights hardly shrink and graphs are small: what unpacks to more than this is no model.
MAX_GROWTH = 20
FREE_BYTES = 16 << 20

_EPOCH = (1980, 1, 1, 0, 0, 0)  # one date for all, so that the same model gives the same zip
_CHUNK = 1 << 20
# What Python raises for zips that are damaged, encrypted, or made in a way that it does not know.
_NO_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError, struct.error)


def export_bundle(bundle: Bundle, path: Path, replace: bool = False) -> None:
    """Write a bundle as one zip, atomically; its files' hashes are checked on the way.

    Raises:
        UsageError: the file's name does not end in ``.zip``.
        OutputError: the file is there already, or cannot be written.
        BundleError: the bundle is damaged.
    """
    if path.suffix.lower() != ".zip":
        raise UsageError(f"{path} must end in .zip.")
    _refuse_present(path, replace)
    try:
        handle, name = tempfile.mkstemp(".partial", ".humor-", path.absolute().parent)
        staged = Path(name)
        try:
            with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
                _write(archive, bundle)
            staged.chmod(0o644)
            sync_file(staged)
            _refuse_present(path, replace)  # it took a while
            os.replace(staged, path)
            sync_folder(path.absolute().parent)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}). "
            "Choose another place, or check its free space and permissions."
        ) from error


def import_bundle(path: Path, replace: bool = False) -> Bundle:
    """Install a zip into the user's folder.

    Nothing is installed before the description was checked, and all hashes, and the weights could
    be read. Only files that the description lists are unpacked, under their plain names; the model
    card is made anew.

    Raises:
        BundleError: not a zip with one model, dangerous or damaged content, a model of this name
            is there already, or it cannot be written.
    """
    with _opened(path) as archive:
        folder = _checked(archive, path)
        text = _read(archive, f"{folder}{MANIFEST}", path)
        manifest = Manifest.from_json(text, f"{path}: {MANIFEST}")
        final = writable_user_folder() / manifest.name
        if os.path.exists(final) and not replace:
            raise BundleError(
                f"A model {manifest.name!r} is installed already ({final}): remove it with "
                f"'humor models remove {manifest.name}', or replace it with --replace."
            )
        with new_folder(final, replace) as staging:
            for name, sha256 in manifest.files.items():
                _unpack(archive, f"{folder}{name}", staging / name, sha256, path)
            (staging / MANIFEST).write_bytes(text)
            (staging / CARD).write_bytes(make_card(manifest).encode())
            _check_weights(staging, path)
    return load_bundle(final)


def _refuse_present(path: Path, replace: bool) -> None:
    if os.path.lexists(path) and not replace:
        raise OutputError(f"{path} is there already: choose another name, or replace it with --replace.")
    if os.path.lexists(path) and not is_plain(path):
        raise OutputError(f"{path} is a link or a folder and is not replaced: choose another name.")


def _write(archive: zipfile.ZipFile, bundle: Bundle) -> None:
    contents = {MANIFEST: (bundle.folder / MANIFEST).read_bytes(), CARD: make_card(bundle.manifest).encode()}
    for name in (MANIFEST, CARD, *sorted(bundle.manifest.files)):
        info = zipfile.ZipInfo(f"{bundle.name}/{name}", _EPOCH)
        info.create_system = 3  # Unix, wherever it is written
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        weights = name.endswith(".safetensors")  # too random to shrink
        info.compress_type = zipfile.ZIP_STORED if weights else zipfile.ZIP_DEFLATED
        archive.writestr(info, contents.get(name) or bundle.read(name))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip; what goes wrong while reading it becomes a sentence."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except _NO_ZIP as error:
        raise BundleError(f"{path} is not a whole zip file ({error}). Copy or download it again.") from error
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror or error}). Check the path.") from error


def _checked(archive: zipfile.ZipFile, path: Path) -> str:
    """Refuse what no honest export holds; the folder inside the zip that holds the model."""
    members = archive.infolist()
    names = [info.filename for info in members]
    if len(names) > MAX_MEMBERS or len(set(names)) != len(names):
        raise _refused(path, "it holds too many files, or one twice")
    size = sum(info.file_size for info in members)
    if size > MAX_BYTES or size > MAX_GROWTH * os.stat(path).st_size + FREE_BYTES:
        raise _refused(path, f"it would unpack to {size / 1e6:.0f} MB")
    for info in members:
        _check_member(info, path)
    found = [name for name in names if PurePosixPath(name).name == MANIFEST and _depth(name) <= 2]
    found = [name for name in found if not name.startswith("__MACOSX/")]
    if len(found) != 1:
        what = "no model" if not found else "more than one model"
        raise BundleError(f"{path} holds {what}: it needs one {MANIFEST}, as 'humor models export' makes it.")
    return found[0][: -len(MANIFEST)]


def _check_member(info: zipfile.ZipInfo, path: Path) -> None:
    name = info.filename
    if name.startswith("/") or ".." in name.split("/") or "\\" in name or ":" in name:
        raise _refused(path, f"{name!r} points outside of it")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(path, f"{name!r} is a link or another special file")
    if info.flag_bits & 1:
        raise _refused(path, "it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(path, f"{name!r} uses an unusual compression")


def _depth(name: str) -> int:
    return len(PurePosixPath(name).parts)


def _read(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    with archive.open(name) as file:
        text = file.read(MAX_MANIFEST_BYTES + 1)
    if len(text) > MAX_MANIFEST_BYTES:
        raise _refused(path, f"{name!r} is too large")
    return text


def _unpack(archive: zipfile.ZipFile, name: str, target: Path, sha256: str, path: Path) -> None:
    if name not in archive.namelist():
        raise BundleError(f"{path}: {target.name} is missing. Copy or download it again.")
    digest = hashlib.sha256()
    with archive.open(name) as source, open(target, "xb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != sha256:
        raise BundleError(
            f"{path}: {target.name} is damaged: its SHA-256 is not the one in {MANIFEST}. "
            "Copy or download it again."
        )


def _check_weights(staging: Path, path: Path) -> None:
    try:
        load_bundle(staging).weights()
    except BundleError as error:
        raise BundleError(str(error).replace(str(staging), str(path))) from error


def _refused(path: Path, reason: str) -> BundleError:
    return BundleError(f"{path} was refused: {reason}. Get the model's zip from where it was published.")
