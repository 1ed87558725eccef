"""How an image was acquired, as plain facts, and which sequence these alone fit.

The facts come from wherever they are written: a DICOM header, Slicer's DICOM database, or the JSON
file that dcm2niix writes beside an image.

Weighting by TR and TE: short TR (T1 of tissue, below 1000 ms) and short TE (below 30 ms) weight by T1;
long TR and long TE by T2; long TR and short TE by proton density (Bitar et al. 2006, RadioGraphics
26:513-537, doi:10.1148/rg.262055063). Weighting by TI: an inversion nulls what has TI = ln 2 · T1, so
about 150 to 250 ms null fat (STIR), and 1.5 to 3 s null the CSF, which with a long TE is FLAIR (De Coene
et al. 1992, AJNR 13:1555-1564); between them lie MPRAGE (Mugler and Brookeman 1990, MRM 15:152-157) and
T1-FLAIR. Gradient echoes with a TE as long as T2* are weighted by it; with short ones they may be T1 as
well as localisers or angiographies, so these are left undecided. Which tags tell most was measured on
large clinical sets by Gauriau et al. 2020 (J Digit Imaging 33:747-762).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .formats import stem

UNKNOWN, OTHER = "unknown", "other"

_NO_AGENT = frozenset(
    {
        *("no", "none", "non", "not", "n", "n/a", "na", "nil", "without", "w/o", "ohne", "kein"),
        *("nein", "0", "false"),
    }
)

SHORT_ECHO_MS = 30.0
LONG_ECHO_MS = 60.0
SHORT_REPETITION_MS = 1000.0
LONG_REPETITION_MS = 1500.0
FAT_INVERSION_MS = 300.0  # up to here
T1_INVERSION_MS = 1300.0  # from fat's up to here
FLUID_INVERSION_MS = (1500.0, 3000.0)
STAR_ECHO_MS = 12.0  # of gradient echoes, from here

# DICOM PS3.3, C.8.3.1.1.1 (MR Image Type), and what vendors write there.
_NO_IMAGE_TYPES = {
    *("LOCALIZER", "PROJECTION IMAGE", "MODULUS SUBTRACT", "PHASE SUBTRACT", "VELOCITY MAP", "PHASE MAP"),
    *(
        "DENSITY MAP",
        "DIFFUSION MAP",
        "T1 MAP",
        "T2 MAP",
        "T2_STAR MAP",
        "ADC",
        "FA",
        "TRACEW",
        "SUB",
        "MIP",
        "P",
    ),
}
SIDECAR = "sidecar"
LARGEST_SIDECAR = 4 * 1024 * 1024  # bytes; more are no facts about one series
LONGEST_TEXT = 1000  # characters; DICOM's descriptions have at most 64


@dataclass(frozen=True)
class Acquisition:
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


def acquisition_of_tags(value: Callable[[str], str]) -> Acquisition:
    """The facts of a DICOM header.

    Args:
        value: gives the text of a tag such as ``0018,0080``, several values separated by a
            backslash; empty where the header has none.
    """
    return Acquisition(
        repetition_ms=milliseconds(value("0018,0080")),
        echo_ms=milliseconds(value("0018,0081")),
        inversion_ms=milliseconds(value("0018,0082")),
        agent=agent_of(value("0018,0010")),
        description=value("0008,103E"),
        scanning=values_of(value("0018,0020")),
        modality=value("0008,0060").upper(),
        image_type=values_of(value("0008,0008")),
    )


def milliseconds(text: str) -> float | None:
    """The first of the values; scanners also write 0 for "none"."""
    try:
        number = float(text.split("\\")[0])
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def agent_of(text: str) -> str:
    """The agent, unless the text says that there was none."""
    words = text.lower().replace("_", " ").split()
    return "" if not words or words[0] in _NO_AGENT else text


def values_of(text: str) -> frozenset[str]:
    """Values of a header entry with several, as DICOM separates them."""
    return frozenset(word.strip().upper() for word in text.split("\\") if word.strip())


@dataclass(frozen=True)
class Reading:
    """What was read from one source.

    Attributes:
        kind: a sequence, ``other`` (none of the four) or ``unknown``.
        reason: in words.
    """

    kind: str
    reason: str = ""


def sequence_of(facts: Acquisition) -> Reading:
    """Which sequence the values fit, with the values as reason.

    T1c is a T1 for which a contrast agent is noted.
    """
    if facts.modality and facts.modality != "MR":
        return Reading(OTHER, f"DICOM modality {facts.modality}")
    if derived := sorted(facts.image_type & _NO_IMAGE_TYPES):
        return Reading(OTHER, f"DICOM image type {derived[0]}")
    if "EP" in facts.scanning:
        return Reading(OTHER, "echo planar, as diffusion and perfusion")
    kind = _weighting(facts)
    if kind != "t1":
        return Reading(kind, _values(facts))
    if facts.agent:
        return Reading("t1c", f"{_values(facts)}, contrast agent {facts.agent}")
    return Reading("t1", f"{_values(facts)}, no contrast agent noted")


def _weighting(facts: Acquisition) -> str:
    echo, repetition, inversion = facts.echo_ms, facts.repetition_ms, facts.inversion_ms
    if echo is None:
        return UNKNOWN
    if inversion is not None:
        return _weighting_by_inversion(inversion, echo)
    if repetition is None or "IR" in facts.scanning:
        return UNKNOWN
    if "GR" in facts.scanning and "SE" not in facts.scanning:
        return OTHER if echo >= STAR_ECHO_MS else UNKNOWN
    if repetition <= SHORT_REPETITION_MS:
        # Without the kind of echo it may be a gradient echo, of which these say nothing.
        return "t1" if echo <= SHORT_ECHO_MS and "SE" in facts.scanning else UNKNOWN
    if repetition >= LONG_REPETITION_MS:
        if echo >= LONG_ECHO_MS:
            return "t2"
        return OTHER if echo <= SHORT_ECHO_MS else UNKNOWN  # proton density
    return UNKNOWN


def _weighting_by_inversion(inversion: float, echo: float) -> str:
    if inversion <= FAT_INVERSION_MS:
        return OTHER
    if inversion <= T1_INVERSION_MS:
        return "t1" if echo <= SHORT_ECHO_MS else UNKNOWN
    low, high = FLUID_INVERSION_MS
    return "flair" if low <= inversion <= high and echo >= LONG_ECHO_MS else UNKNOWN


def _values(facts: Acquisition) -> str:
    times = (("TR", facts.repetition_ms), ("TE", facts.echo_ms), ("TI", facts.inversion_ms))
    known = [f"{name} {round(value)} ms" for name, value in times if value is not None]
    return ", ".join(known)


def sidecar_acquisition(image: Path) -> Acquisition | None:
    """What the JSON file beside an image says; None if there is none that can be understood.

    Times are in seconds there (BIDS, "MRI hardware and sequence specifics"), in ms here.
    """
    path = image.with_name(stem(image.name) + ".json")
    try:
        if not os.path.isfile(path) or path.stat().st_size > LARGEST_SIDECAR:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    facts = Acquisition(
        repetition_ms=_milliseconds(content.get("RepetitionTime")),
        echo_ms=_milliseconds(content.get("EchoTime")),
        inversion_ms=_milliseconds(content.get("InversionTime")),
        agent=agent_of(_text(content.get("ContrastBolusAgent") or content.get("ContrastBolusIngredient"))),
        description=_text(content.get("SeriesDescription") or content.get("ProtocolName")),
        scanning=values_of(_text(content.get("ScanningSequence")).replace("_", "\\")),
        modality=_text(content.get("Modality")).upper(),
        image_type=values_of(_text(content.get("ImageType"))),
    )
    return None if facts == Acquisition() else facts


def _milliseconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1000:
        return None
    return milliseconds(str(1000 * value))


def _text(value: Any) -> str:
    """A text, or several as DICOM separates them; of a very long one, its beginning."""
    if isinstance(value, list):
        value = "\\".join(part for part in value if isinstance(part, str))
    return value[:LONGEST_TEXT].strip() if isinstance(value, str) else ""
