"""Where a result comes from: input files with hashes, versions, time."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .. import __version__
from ..sequences import SEQUENCES
from ..study.source import Source, Sources

_LIBRARIES = ("numpy", "nibabel", "SimpleITK", "scipy", "openvino", "torch", "monai")


def input_facts(inputs: Mapping[str, Sources]) -> list[dict[str, Any]]:
    """For each given sequence, in sequence order: its file, where it lay, and what was read of it.

    Args:
        inputs: sequence → the files that were read for it: the one that was given and, where that is
            only a header, those that hold its data.

    Returns:
        ``sequence``, ``file``, ``folder``, ``bytes`` and ``sha256``; for detached data also ``data``,
        a list of ``file``, ``bytes`` and ``sha256``.
    """
    return [_facts(name, inputs[name]) for name in SEQUENCES if name in inputs]


def _facts(sequence: str, sources: Sources) -> dict[str, Any]:
    given, *data = sources
    folder = given.path.absolute().parent
    facts = {"sequence": sequence, "file": given.path.name, "folder": str(folder), **_content(given)}
    if data:
        facts["data"] = [{"file": part.path.name, **_content(part)} for part in data]
    return facts


def _content(source: Source) -> dict[str, Any]:
    return {"bytes": source.size, "sha256": source.sha256}


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
