"""Where a result comes from: input files with hashes, versions, time."""

from __future__ import annotations

import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..bundle.hashing import sha256_of_file
from ..sequences import SEQUENCES

_LIBRARIES = ("numpy", "nibabel", "SimpleITK", "scipy", "openvino", "torch", "monai")
_THREADS = 2


def sha256_of(path: Path) -> str | None:
    """SHA-256 of a file in hexadecimal; None if it cannot be read (any more)."""
    try:
        return sha256_of_file(path)
    except OSError:
        return None


def input_facts(files: dict[str, Path]) -> list[dict[str, Any]]:
    """For each given sequence, in sequence order: its file, where it lay, bytes and SHA-256."""
    given = {name: Path(files[name]) for name in SEQUENCES if name in files}
    with ThreadPoolExecutor(_THREADS) as pool:  # hashing lets go of Python's lock
        return list(pool.map(_file_facts, given, given.values()))


def _file_facts(sequence: str, path: Path) -> dict[str, Any]:
    sha256 = sha256_of(path)
    return {
        "sequence": sequence,
        "file": path.name,
        "folder": str(path.absolute().parent),
        "bytes": None if sha256 is None else path.stat().st_size,
        "sha256": sha256,
    }


def versions() -> dict[str, str]:
    """Versions of HUMoR, Python, the system, and of those libraries that this run loaded."""
    loaded = {
        name: str(getattr(sys.modules[name], "__version__", "unknown"))
        for name in _LIBRARIES
        if name in sys.modules
    }
    return {
        "humor": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        **loaded,
    }


def now() -> str:
    """Local date and time with its offset to UTC, e.g. ``2025-11-21T14:05:09+01:00``."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
