"""Which sequence a volume is, from all that is said about it: names, folders, DICOM values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from humor.sequences import DISPLAY_NAMES, SEQUENCES
from humor.study.file_names import NameReading, read_name, words_of

from .dicom_facts import Facts
from .dicom_rules import OTHER, UNKNOWN, Reading, sequence_of

UNCLEAR = "unclear"
_PLAIN = {
    *("pre", "precontrast", "native", "nativ", "plain", "noncontrast", "nonenhanced", "unenhanced"),
    *("without", "wo", "non", "nc", "noce", "nogd", "ohne"),
}
_DERIVED = {
    *("sub", "subtr", "subtracted", "subtraction", "diff", "difference", "ratio", "mean", "std"),
    *("mip", "minip", "map", "maps", "fa", "overlay"),
}
_SUBJECT = re.compile(r"^sub(-|_?\d)")
"""The beginning of a BIDS name, ``sub-01_T1w``, which is no subtraction."""


@dataclass(frozen=True)
class Traces:
    """What is said about one volume.

    Attributes:
        name: the node's.
        parents: names of the items above it in the subject hierarchy, nearest first, without
            those of patient and study.
        facts: of DICOM, or None.
    """

    name: str
    parents: tuple[str, ...] = ()
    facts: Facts | None = None


def read_traces(traces: Traces, common: frozenset[str] = frozenset()) -> Reading:
    """Weigh them.

    The volume's own name and series description count first, folders only where those say nothing
    of a sequence. DICOM values confirm, tell T1 from T1c, decide where names are silent or
    ambiguous, and where they contradict a name nothing is decided.

    Args:
        traces: what is said.
        common: words that all names of the study share, which therefore tell nothing apart.

    Returns:
        kind: a sequence, ``other``, ``unclear`` or ``unknown``; the reason in words.
    """
    values = sequence_of(traces.facts) if traces.facts else Reading(UNKNOWN)
    if traces.facts and traces.facts.modality not in ("", "MR"):
        return values
    texts = {_("its name"): traces.name}
    if traces.facts and traces.facts.description not in ("", traces.name):
        texts[_("its series description")] = traces.facts.description
    told = [(where, _read(text, common)) for where, text in texts.items()]
    told = [(where, reading) for where, reading in told if reading.kind != UNKNOWN]
    if not told:
        told = [(_("the name of its folder"), _read(name, frozenset())) for name in traces.parents]
        told = [(where, reading) for where, reading in told if reading.kind in SEQUENCES][:1]
    for where, reading in told:
        if reading.kind in ("mask", OTHER):
            return Reading(OTHER, _said(reading, where))
    return _weighed(told, values, traces)


def _read(text: str, common: frozenset[str]) -> NameReading:
    """What a name says; numbers as nnU-Net gives them say nothing here."""
    if derived := sorted(words_of(_SUBJECT.sub("", text.lower())) & _DERIVED):
        return NameReading(OTHER, f"its name says {derived[0]!r}, as those of images computed from others do")
    reading = read_name(text, common)
    return NameReading(UNKNOWN, reading.reason) if reading.kind == "channel" else reading


def _weighed(told: Sequence[tuple[str, NameReading]], values: Reading, traces: Traces) -> Reading:
    clear = [(where, reading) for where, reading in told if reading.kind in SEQUENCES]
    families = {_family(reading.kind) for _where, reading in clear}
    if len(families) > 1:
        return Reading(UNCLEAR, _("its name and its series description speak of different sequences"))
    if not clear:
        if values.kind in SEQUENCES:
            return Reading(values.kind, _by_values(values))
        if told:
            where, reading = told[0]
            return Reading(UNCLEAR, _said(reading, where))
        reason = _by_values(values) if values.kind == OTHER else _("nothing says which sequence it is")
        return Reading(values.kind, reason)
    where, reading = clear[0]
    reason = _said(reading, where)
    (family,) = families
    if _contradict(family, values.kind):
        said = DISPLAY_NAMES.get(values.kind, _("none of the four sequences"))
        text = _("{reason}, but its DICOM values ({values}) are those of {said}")
        return Reading(UNCLEAR, text.format(reason=reason, values=values.reason, said=said))
    if family != "t1":
        return Reading(family, _confirmed(reason, values))
    return _settled_contrast(clear, reason, values, traces)


def _settled_contrast(
    clear: Sequence[tuple[str, NameReading]], reason: str, values: Reading, traces: Traces
) -> Reading:
    """T1 or T1c, of a volume that is one of them."""
    agent = traces.facts.agent if traces.facts else ""
    for where, reading in clear:
        if reading.kind == "t1c" and not reading.by_contrast:
            return Reading("t1c", _confirmed(_said(reading, where), values))
    if any(
        words_of(text) & _PLAIN for text in (traces.name, traces.facts.description if traces.facts else "")
    ):
        return Reading("t1", _confirmed(reason, values))
    if agent:
        text = _("{reason}, and DICOM notes the contrast agent {agent}")
        return Reading("t1c", text.format(reason=reason, agent=agent))
    if any(reading.by_contrast for _where, reading in clear):
        return Reading(
            UNCLEAR, _("T1 or T1c: the word that speaks of contrast agent stands in the names of all volumes")
        )
    return Reading("t1", _confirmed(reason, values))


def _family(kind: str) -> str:
    return "t1" if kind == "t1c" else kind


def _contradict(family: str, values: str) -> bool:
    if family == "flair" and values == "t2":
        return False  # a FLAIR of which the header does not give TI
    return values != UNKNOWN and _family(values) != family


def _said(reading: NameReading, where: str) -> str:
    """The engine's reason, which speaks of a file's name, with the place where it was read here."""
    return reading.reason.replace("its name", where)


def _by_values(values: Reading) -> str:
    return _("DICOM: {values}").format(values=values.reason)


def _confirmed(reason: str, values: Reading) -> str:
    return f"{reason}; {_by_values(values)}" if values.kind in SEQUENCES and values.reason else reason
