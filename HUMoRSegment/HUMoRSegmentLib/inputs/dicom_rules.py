"""Which sequence an acquisition is, from its DICOM values alone.

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

from dataclasses import dataclass

from slicer.i18n import tr as _

from .dicom_facts import Facts

UNKNOWN, OTHER = "unknown", "other"

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


@dataclass(frozen=True)
class Reading:
    """What was read from one source.

    Attributes:
        kind: a sequence, ``other`` (none of the four) or ``unknown``.
        reason: in words.
    """

    kind: str
    reason: str = ""


def sequence_of(facts: Facts) -> Reading:
    """Which sequence the values fit, with the values as reason.

    T1c is a T1 for which a contrast agent is noted.
    """
    if facts.modality and facts.modality != "MR":
        return Reading(OTHER, _("DICOM modality {modality}").format(modality=facts.modality))
    if derived := sorted(facts.image_type & _NO_IMAGE_TYPES):
        return Reading(OTHER, _("DICOM image type {type}").format(type=derived[0]))
    if "EP" in facts.scanning:
        return Reading(OTHER, _("echo planar, as diffusion and perfusion"))
    kind = _weighting(facts)
    if kind != "t1":
        return Reading(kind, _values(facts))
    if facts.agent:
        text = _("{values}, contrast agent {agent}")
        return Reading("t1c", text.format(values=_values(facts), agent=facts.agent))
    return Reading("t1", _("{values}, no contrast agent noted").format(values=_values(facts)))


def _weighting(facts: Facts) -> str:
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


def _values(facts: Facts) -> str:
    times = (("TR", facts.repetition_ms), ("TE", facts.echo_ms), ("TI", facts.inversion_ms))
    known = [f"{name} {round(value)} ms" for name, value in times if value is not None]
    return ", ".join(known)
