"""A packed case whose arrays are read when they are asked for: a data set may be larger than memory.

Decoding takes 0.4 s of a core, and a training draws a case thousands of times. So with a folder for it, the
arrays are decoded once into plain files, and mapped into memory: a window then reads its own part only, the
system keeps in memory what there is room for, and the processes of a machine share it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from humor.sequences import SEQUENCES

from .labelled_case import LabelledCase, read_about, read_image, read_labels

MAPPED = 256
"""Arrays of a process that stay mapped; each is an open file, and mapping one again costs page faults."""


class PackedCase(LabelledCase):
    """A ``LabelledCase`` on disk; ``image`` and ``labels`` are read at every access.

    Args:
        path: of the packed case.
        unpacked: folder for the decoded arrays (2 bytes a voxel and sequence, some 30 MB a case), made where
            it is not there. None: they are decoded at every access, for those who need them once.

    Raises:
        InputError: the file is damaged, or of another format. Damage of the arrays is found at access.
    """

    def __init__(self, path: Path, unpacked: Path | None = None) -> None:
        about = read_about(path)
        available = np.array([name in about["sequences"] for name in SEQUENCES])
        facts = {"name": about["name"], "patient": about["patient"], "available": available}
        shape = (len(SEQUENCES), *about["shape"])
        for key, value in {**facts, "path": path, "unpacked": unpacked, "shape": shape}.items():
            object.__setattr__(self, key, value)  # frozen, as every case

    path: Path
    unpacked: Path | None
    shape: tuple[int, ...]

    @property
    def image(self) -> np.ndarray:  # type: ignore[override]
        """float16 ``[4, D, H, W]``."""
        return self._array("image", read_image)

    @property
    def labels(self) -> np.ndarray:  # type: ignore[override]
        """uint8 ``[D, H, W]``."""
        return self._array("labels", read_labels)

    def _array(self, kind: str, read: Callable[[Path], np.ndarray]) -> np.ndarray:
        if self.unpacked is None:
            return read(self.path)
        facts = self.path.stat()
        stamp = f"{facts.st_size:x}-{facts.st_mtime_ns:x}"  # another file of the same name is unpacked anew
        target = self.unpacked / f"{self.name}.{stamp}.{kind}.npy"
        if not target.exists():
            _write(target, read(self.path))
            for old in self.unpacked.glob(f"{self.name}.*.{kind}.npy"):
                if old != target:
                    old.unlink(missing_ok=True)
        return _mapped(target)


@lru_cache(maxsize=MAPPED)
def _mapped(target: Path) -> np.ndarray:
    # Copy on write, because torch wants arrays that it may write to; nobody does.
    mapped: np.ndarray = np.load(target, mmap_mode="c")
    return mapped


def _write(target: Path, array: np.ndarray) -> None:
    """Whole or not at all: other processes may unpack the same case, and a run may be killed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(".partial", f".{target.name}.", target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, array, allow_pickle=False)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
