"""The file names of an output folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LABEL_MAP = "segmentation.nii.gz"
SEGMENTS = "segmentation.seg.nrrd"
PROBABILITIES = "probabilities.nii.gz"
ROUTING_TABLE = "routing.json"
ROUTING_FOLDER = "routing"
REPORT_PAGE = "report.html"
REPORT = "report.json"
"""Written last: a folder that holds it is complete."""

FIXED_NAMES: tuple[str, ...] = (LABEL_MAP, SEGMENTS, PROBABILITIES, ROUTING_TABLE, REPORT_PAGE, REPORT)

INFLUENCE = "influence.json"
"""Written last: where it is, the comparison of sequences is complete."""
INFLUENCE_TABLE = "influence.csv"


@dataclass(frozen=True)
class Kind:
    """One kind of results in a folder.

    Attributes:
        names: of its files.
        mark: the one that lists the others, written last; empty if none does.
        maps: a folder inside for ``*.nii.gz``; empty for none.
    """

    names: tuple[str, ...]
    mark: str = ""
    maps: str = ""


SEGMENTATION = Kind(FIXED_NAMES, REPORT, ROUTING_FOLDER)
SEQUENCE_INFLUENCE = Kind((INFLUENCE_TABLE, INFLUENCE), INFLUENCE)
KINDS = (SEGMENTATION, SEQUENCE_INFLUENCE)


def routing_map_names(gates: Iterable[str]) -> dict[str, str]:
    """Gate name → its map's file name in the output folder, unique and safe on every system.

    ``group2/block5`` becomes ``routing/group2-block5.nii.gz``.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for gate in gates:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", gate).strip("-.") or "gate"
        unique, number = stem, 2
        # Compared without case: two names that differ only in case are one file on Windows and macOS.
        while unique.lower() in taken:
            unique, number = f"{stem}-{number}", number + 1
        taken.add(unique.lower())
        names[gate] = f"{ROUTING_FOLDER}/{unique}.nii.gz"
    return names
