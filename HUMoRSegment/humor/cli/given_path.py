"""Paths on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def given_path(text: str) -> Path:
    """The type of arguments that are paths. An empty one is mostly a variable that was not set.

    Raises:
        argparse.ArgumentTypeError: it is empty; for ``pathlib`` that would be the current folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty (for the current folder, write .)")
    return Path(text)
