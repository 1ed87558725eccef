"""Which sequence an image is, from all that is said about it: names, folders, how it was acquired.

The one place where these are weighed, for files on disk and for volumes in Slicer alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..sequences import DISPLAY_NAMES, SEQUENCES
from .acquisition import OTHER, UNKNOWN, Acquisition, Reading, sequence_of
from .file_names import NameReading, read_name

UNCLEAR = "unclear"


@dataclass(frozen=True)
class Evidence:
    """What is said about one image.

    Attributes:
        name: of the file, or of the volume.
        parents: names of the folders above it, nearest first, without those of patient and study.
        acquisition: how it was acquired, or None.
        source: where that is from, for the reasons.
    """

    name: str
    parents: tuple[str, ...] = ()
    acquisition: Acquisition | None = None
    source: str = "DICOM"


def weigh_evidence(
    evidence: Evidence, common: frozenset[str] = frozenset(), reading: NameReading | None = None
) -> Reading:
    """Weigh them.

    The image's own name and series description count first, folders only where those say nothing
    of a sequence. Acquisition values confirm, tell T1 from T1c, decide where names are silent or
    ambiguous, and where they contradict a name nothing is decided.

    Args:
        evidence: what is said.
        common: words that all names of the study share, which therefore tell nothing apart.
        reading: of the name, where it was read together with others of the study.

    Returns:
        kind: a sequence, ``other``, ``unclear`` or ``unknown``; the reason in words.
    """
    values = sequence_of(evidence.acquisition) if evidence.acquisition else Reading(UNKNOWN)
    if evidence.acquisition and evidence.acquisition.modality not in ("", "MR"):
        return values
    told = [reading or read_name(evidence.name, common)]
    if evidence.acquisition and evidence.acquisition.description not in ("", evidence.name):
        told.append(read_name(evidence.acquisition.description, common, "its series description"))
    told = [said for said in told if said.kind not in (UNKNOWN, "channel")]
    if not told:
        folders = [read_name(name, where="the name of its folder") for name in evidence.parents]
        told = [said for said in folders if said.kind in SEQUENCES][:1]
    for said in told:
        if said.kind in ("mask", OTHER):
            return Reading(OTHER, said.reason)
    return _weighed(told, values, evidence)


def _weighed(told: Sequence[NameReading], values: Reading, evidence: Evidence) -> Reading:
    clear = [reading for reading in told if reading.kind in SEQUENCES]
    families = {_family(reading.kind) for reading in clear}
    if len(families) > 1:
        return Reading(UNCLEAR, "its name and its series description speak of different sequences")
    if not clear:
        if values.kind in SEQUENCES:
            return Reading(values.kind, _by_values(values, evidence))
        if told:
            return Reading(UNCLEAR, told[0].reason)
        silent = "nothing says which sequence it is"
        return Reading(values.kind, _by_values(values, evidence) if values.kind == OTHER else silent)
    reason = clear[0].reason
    (family,) = families
    if _contradict(family, values.kind):
        said = DISPLAY_NAMES.get(values.kind, "none of the four sequences")
        return Reading(
            UNCLEAR, f"{reason}; its {evidence.source} values ({values.reason}) are those of {said}"
        )
    if family != "t1":
        return Reading(family, _confirmed(reason, values, evidence))
    return _settled_contrast(clear, reason, values, evidence)


def _settled_contrast(
    clear: Sequence[NameReading], reason: str, values: Reading, evidence: Evidence
) -> Reading:
    """T1 or T1c, of an image that is one of them."""
    agent = evidence.acquisition.agent if evidence.acquisition else ""
    without = any(reading.plain for reading in clear)
    for reading in clear:
        if reading.kind == "t1c" and not reading.by_contrast:
            if without:
                return Reading(UNCLEAR, "its name and its series description disagree about contrast agent")
            return Reading("t1c", _confirmed(reading.reason, values, evidence))
    if without:
        return Reading("t1", _confirmed(reason, values, evidence))
    if agent:
        return Reading("t1c", f"{reason}; {evidence.source} notes the contrast agent {agent}")
    if any(reading.by_contrast for reading in clear):
        return Reading(
            UNCLEAR, "T1 or T1c: the word that speaks of contrast agent stands in the names of all images"
        )
    return Reading("t1", _confirmed(reason, values, evidence))


def _family(kind: str) -> str:
    return "t1" if kind == "t1c" else kind


def _contradict(family: str, values: str) -> bool:
    if family == "flair" and values == "t2":
        return False  # a FLAIR of which the header does not give TI
    return values != UNKNOWN and _family(values) != family


def _by_values(values: Reading, evidence: Evidence) -> str:
    return f"{evidence.source}: {values.reason}"


def _confirmed(reason: str, values: Reading, evidence: Evidence) -> str:
    return (
        f"{reason}; {_by_values(values, evidence)}" if values.kind in SEQUENCES and values.reason else reason
    )
