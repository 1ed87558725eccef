"""What the DICOM headers of a volume say about how it was acquired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import slicer

INSTANCES = "DICOM.instanceUIDs"
"""Attribute in which Slicer keeps the instances that a volume was loaded from."""

_NO_AGENT = {
    "no",
    "none",
    "non",
    "not",
    "n",
    "n/a",
    "na",
    "nil",
    "without",
    "w/o",
    "ohne",
    "kein",
    "nein",
    "0",
}


@dataclass(frozen=True)
class Facts:
    """DICOM values of one series; None or empty where the header has none.

    Attributes:
        repetition_ms: TR, (0018,0080).
        echo_ms: TE, (0018,0081).
        inversion_ms: TI, (0018,0082).
        agent: contrast agent, (0018,0010).
        description: of the series, (0008,103E).
        scanning: ``SE``, ``IR``, ``GR``, ``EP``, ``RM``, (0018,0020).
        modality: (0008,0060).
        image_type: (0008,0008), upper case.
    """

    repetition_ms: float | None = None
    echo_ms: float | None = None
    inversion_ms: float | None = None
    agent: str = ""
    description: str = ""
    scanning: frozenset[str] = frozenset()
    modality: str = ""
    image_type: frozenset[str] = frozenset()


def read_facts(node: Any) -> Facts | None:
    """The facts of the series that a volume was loaded from; None if they cannot be had.

    That is so for volumes from other files, without a DICOM database (as in headless Python), and
    for instances that were removed from it.
    """
    uids = (node.GetAttribute(INSTANCES) or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None or not database.isOpen:
        return None
    uid = uids[len(uids) // 2]
    if not database.fileForInstance(uid):
        return None

    def value(tag: str) -> str:
        return (database.instanceValue(uid, tag) or "").strip()

    return Facts(
        repetition_ms=_milliseconds(value("0018,0080")),
        echo_ms=_milliseconds(value("0018,0081")),
        inversion_ms=_milliseconds(value("0018,0082")),
        agent=_agent(value("0018,0010")),
        description=value("0008,103E"),
        scanning=_words(value("0018,0020")),
        modality=value("0008,0060").upper(),
        image_type=_words(value("0008,0008")),
    )


def _milliseconds(text: str) -> float | None:
    """The first of the values; scanners also write 0 for "none"."""
    try:
        number = float(text.split("\\")[0])
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _agent(text: str) -> str:
    """The agent, unless the text says that there was none."""
    words = text.lower().replace("_", " ").split()
    return "" if not words or words[0] in _NO_AGENT else text


def _words(text: str) -> frozenset[str]:
    """Values of a header entry with several, as DICOM separates them."""
    return frozenset(word.strip().upper() for word in text.split("\\") if word.strip())
