"""Files of a run's folder: written whole, and read with a clear word where they are damaged."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from humor.errors import InputError

# What torch raises for files that are cut off, changed inside, or of something else.
_BROKEN = (
    *(OSError, EOFError, RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(OverflowError, MemoryError, pickle.UnpicklingError),
)


def write_whole(state: dict[str, Any], path: Path) -> None:
    """``torch.save`` to a temporary name, then rename."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def read_checkpoint(path: Path, entries: Sequence[str], device: torch.device | str = "cpu") -> dict[str, Any]:
    """What ``write_whole`` has written; reading it runs no code.

    Args:
        path: the file.
        entries: that it must have.
        device: to put the tensors on.

    Raises:
        InputError: it cannot be read, is damaged or truncated, or lacks an entry.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except _BROKEN as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{path} is damaged or truncated, or no checkpoint ({reason}). Copy it again, or train again "
            "from an earlier one."
        ) from error
    missing = [entry for entry in entries if entry not in state] if isinstance(state, dict) else list(entries)
    if missing or not isinstance(state, dict):
        raise InputError(
            f"{path} cannot be used here: it has no {', '.join(missing)}. A checkpoint that "
            "'humor-train fit' writes at the end of its steps has all."
        )
    return state


def read_facts(path: Path) -> dict[str, Any]:
    """A JSON file of facts; empty if it is not there.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}). Copy the run's folder again.") from error
    if not isinstance(facts, dict):
        raise InputError(f"{path} holds no facts of a run. Copy the run's folder again.")
    return facts
