"""A bundle that is on disk: its facts, its files, its weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import BundleError
from .eight_bit import restore
from .hashing import sha256_of_bytes, sha256_of_open
from .manifest import Manifest
from .opening import open_file
from .rules import GET_AGAIN
from .weights import decode_weights, weight_files


@dataclass(frozen=True)
class Bundle:
    """A model's folder, as ``load_bundle`` returns it.

    Every byte handed out was hashed after it was read, so no other check is needed before use;
    ``verify`` reads all files only to tell whether they are whole.

    Attributes:
        folder: where it is.
        manifest: the facts of its ``bundle.json``.
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

    def facts(self) -> dict[str, str]:
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
        return restore(tensors)

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
