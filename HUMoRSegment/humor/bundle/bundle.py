"""A bundle that is on disk: opened, its metadata, its files, its weights."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import numpy as np

from ..errors import BundleError
from ..hashing import sha256_of_bytes, sha256_of_open
from .manifest import CARD, MANIFEST, MAX_MANIFEST_BYTES, Manifest
from .rules import GET_AGAIN
from .weights import decode_weights, dequantise, weight_files

MAX_BYTES = 4 << 30
"""Of one file of a model, and of all that its zip unpacks to."""
# A pipe that nobody writes to, or a device, must not keep anybody waiting.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_ENDINGS = (".safetensors", ".xml", ".bin")


@dataclass(frozen=True)
class Bundle:
    """A model's folder, as ``load_bundle`` returns it.

    Every byte handed out was hashed after it was read, so no other check is needed before use;
    ``verify`` reads all files only to tell whether they are whole.

    Attributes:
        folder: where it is.
        manifest: the metadata of its ``bundle.json``.
        sha256: of ``bundle.json``, which holds the hashes of all other files: it identifies
            weights and settings alike.
    """

    folder: Path
    manifest: Manifest
    sha256: str

    @property
    def name(self) -> str:
        """What users type."""
        return self.manifest.name

    @property
    def spacing_mm(self) -> float:
        """Edge length of the voxels that the network sees."""
        return self.manifest.spacing_mm

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum((self.folder / file).stat().st_size for file in self.manifest.files)

    def identity(self) -> dict[str, str]:
        """What a result says about its model: ``name``, ``architecture``, ``sha256``, ``version``."""
        return {
            "name": self.manifest.name,
            "architecture": str(self.manifest.architecture["name"]),
            "sha256": self.sha256,
            "version": self.manifest.version,
        }

    def read(self, file: str) -> bytes:
        """The content of one of the bundle's files, checked.

        Raises:
            BundleError: the bundle has no such file, it cannot be read, or its hash is wrong.
        """
        wanted = self._listed(file)
        path = self.folder / file
        try:
            with open_file(path) as opened:
                data = opened.read()
        except OSError as error:
            raise _unreadable(path, error) from error
        if sha256_of_bytes(data) != wanted:
            raise _damaged(path)
        return data

    def weights(self) -> dict[str, np.ndarray]:
        """All tensors, in the files' own types (half precision, or restored from 8 bits), without torch.

        Raises:
            BundleError: a file is missing, damaged or no safetensors, or a tensor comes twice.
        """
        tensors: dict[str, np.ndarray] = {}
        for file in weight_files(self.manifest.files, self.folder):
            piece = decode_weights(self.read(file), self.folder / file)
            if twice := sorted(set(piece) & set(tensors)):
                raise BundleError(f"{self.folder / file}: {twice[0]} is also in another file. {GET_AGAIN}")
            tensors |= piece
        return dequantise(tensors)

    def verify(self) -> None:
        """Check the hashes of all files.

        Raises:
            BundleError: the first file that is missing, unreadable or damaged.
        """
        for file, wanted in self.manifest.files.items():
            path = self.folder / file
            try:
                with open_file(path) as opened:
                    found = sha256_of_open(opened)
            except OSError as error:
                raise _unreadable(path, error) from error
            if found != wanted:
                raise _damaged(path)

    def _listed(self, file: str) -> str:
        if file not in self.manifest.files:
            raise BundleError(f"{self.folder} has no file {file} in its description. {GET_AGAIN}")
        return self.manifest.files[file]


def _unreadable(path: Path, error: OSError) -> BundleError:
    return BundleError(f"{path} cannot be read ({error.strerror or error}). {GET_AGAIN}")


def _damaged(path: Path) -> BundleError:
    return BundleError(f"{path} is damaged: its SHA-256 is not the one in bundle.json. {GET_AGAIN}")


def open_file(path: Path) -> BufferedReader:
    """Open a file for reading.

    Raises:
        OSError: it cannot be opened; ``EINVAL`` if it is no plain file, ``EFBIG`` if it is too large.
    """
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    if status.st_size > MAX_BYTES:
        file.close()
        raise OSError(errno.EFBIG, f"it has {status.st_size / 1e9:.0f} GB, more than any model", str(path))
    return file


def load_bundle(folder: Path | str) -> Bundle:
    """Open the bundle in a folder: read its metadata and see that its files are there.

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


def not_of_a_model(folder: Path) -> list[str]:
    """Names in a folder that its own description does not list: a user's, which must not be deleted.

    Of a damaged description all names with a model's endings are taken as listed.
    """
    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    try:
        with open_file(folder / MANIFEST) as file:
            listed = list(Manifest.from_json(file.read(), MANIFEST).files)
    except (OSError, BundleError):
        listed = [name for name in there if MANIFEST in there and name.endswith(_ENDINGS)]
    return [name for name in there if name not in {*listed, MANIFEST, CARD}]
