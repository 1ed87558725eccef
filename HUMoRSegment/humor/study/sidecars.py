"""The JSON file that dcm2niix and BIDS keep beside an image: how it was acquired."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .acquisition import Facts, agent_of, milliseconds, values_of
from .formats import stem

SOURCE = "sidecar"
LARGEST = 4 * 1024 * 1024  # bytes; more are no facts about one series
LONGEST_TEXT = 1000  # characters; DICOM's descriptions have at most 64


def sidecar_facts(image: Path) -> Facts | None:
    """What the JSON file beside an image says; None if there is none that can be understood.

    Times are in seconds there (BIDS, "MRI hardware and sequence specifics"), in ms here.
    """
    path = image.with_name(stem(image.name) + ".json")
    try:
        if not os.path.isfile(path) or path.stat().st_size > LARGEST:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    facts = Facts(
        repetition_ms=_milliseconds(content.get("RepetitionTime")),
        echo_ms=_milliseconds(content.get("EchoTime")),
        inversion_ms=_milliseconds(content.get("InversionTime")),
        agent=agent_of(_text(content.get("ContrastBolusAgent") or content.get("ContrastBolusIngredient"))),
        description=_text(content.get("SeriesDescription") or content.get("ProtocolName")),
        scanning=values_of(_text(content.get("ScanningSequence")).replace("_", "\\")),
        modality=_text(content.get("Modality")).upper(),
        image_type=values_of(_text(content.get("ImageType"))),
    )
    return None if facts == Facts() else facts


def _milliseconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1000:
        return None
    return milliseconds(str(1000 * value))


def _text(value: Any) -> str:
    """A text, or several as DICOM separates them; of a very long one, its beginning."""
    if isinstance(value, list):
        value = "\\".join(part for part in value if isinstance(part, str))
    return value[:LONGEST_TEXT].strip() if isinstance(value, str) else ""
