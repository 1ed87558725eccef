"""Layouts of labelled data sets: one file each, and this list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..study import Found
from . import brats_2018, brats_2023, decathlon, nnunet, plain
from .lists import LIST_SUFFIXES, read_list
from .pattern import find_by_pattern


@dataclass(frozen=True)
class Layout:
    """A way in which folders and files are named.

    Attributes:
        example: names, for messages.
        find: what a folder holds of it; ``None`` where the folder does not look like it at all.
    """

    example: str
    find: Callable[[Path], Found | None]


FOLDER_LAYOUTS: dict[str, Layout] = {
    module.NAME: Layout(module.EXAMPLE, module.find)
    for module in (plain, brats_2018, brats_2023, decathlon, nnunet)
}

__all__ = ["FOLDER_LAYOUTS", "LIST_SUFFIXES", "Layout", "find_by_pattern", "read_list"]
