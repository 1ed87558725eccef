"""What the name of an image says about its sequence: rules on words, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..sequences import SEQUENCES
from .formats import stem
from .name_contrast import read_contrast
from .name_words import Word, words_in
from .vocabulary import CORES, FLAIRS, Meaning

__all__ = ["NameReading", "common_words", "read_name", "read_names", "stem"]

_FLASH = frozenset({"fl2d", "fl3d", "fl", "spgr", "fspgr"})
_CHANNEL = re.compile(r"(.*_)?(?P<channel>\d{4})")
_SUBJECT = re.compile(r"sub(?=[-_ ]?\d|-)", re.IGNORECASE)
_BIDS = re.compile(r"sub-[^\W_]+(_.*)?")
_ENTITY = re.compile(r"(?P<key>[a-z]+)-(?P<value>.+)", re.IGNORECASE)
_BIDS_KEYS = frozenset(
    {
        *("sub", "ses", "sample", "task", "tracksys", "acq", "nuc", "voi", "ce", "trc", "stain", "rec"),
        *("dir", "run", "mod", "echo", "flip", "inv", "mt", "part", "proc", "hemi", "space", "split"),
        *("recording", "chunk", "seg", "res", "den", "label", "desc", "cohort", "from", "to", "mode"),
        *("atlas",),
    }
)
_TISSUE_CLASS = re.compile(r"[mwru]*c[1-6](?=[A-Za-z])|u_rc\d|i?y_(?=\w)")  # SPM's outputs
_MODIFIERS = frozenset(
    {Meaning.WEIGHTED, Meaning.CONTRAST, Meaning.LETTER_C, Meaning.AFTER, Meaning.BEFORE, Meaning.PLAIN}
    | {Meaning.PLUS, Meaning.MINUS, Meaning.ORIENTATION, Meaning.DIMENSION, Meaning.FAT_SATURATION}
    | {Meaning.INVERSION}
)
_SCANNER_WORDS = frozenset(
    {Meaning.ORIENTATION, Meaning.DIMENSION, Meaning.TECHNIQUE, Meaning.FAT_SATURATION, Meaning.CONTRAST}
    | {Meaning.PLUS, Meaning.AFTER, Meaning.INVERSION, Meaning.WEIGHTED}
)


@dataclass(frozen=True)
class NameReading:
    """What a name says.

    Attributes:
        kind: a sequence, ``mask``, ``other``, ``unclear``, ``channel`` (a number in nnU-Net's
            manner) or ``unknown``.
        reason: in words.
        by_contrast: whether it is a T1c only by a word that stands in the names of all images.
        plain: whether it says that there was no contrast agent.
    """

    kind: str
    reason: str
    by_contrast: bool = False
    plain: bool = False


def read_names(names: Sequence[str], folder: str = "") -> list[NameReading]:
    """Read the names of one study's images together: what all of them say tells nothing apart.

    Args:
        names: file names, or names of volumes.
        folder: name of the folder that they lie in; names often begin with it.
    """
    common = common_words(names)
    cut = _length_of_prefix(names, folder)
    readings = []
    for name in names:
        reading = read_name(name[cut:], common)
        readings.append(read_name(name, common) if cut and reading.kind == "unknown" else reading)
    return readings


def read_name(name: str, common: frozenset[str] = frozenset(), where: str = "its name") -> NameReading:
    """Guess what an image is from its name.

    Args:
        name: of the file, with or without its ending.
        common: words that stand in all names of the study, which therefore tell nothing apart.
        where: what the name is, for the reason.
    """
    base = stem(name)
    text, extra = _without_entities(base)
    words = [word for word in words_in(text) if word.text != "sub" or not _SUBJECT.match(text[word.start :])]
    words = _joined(words)
    tissue = _TISSUE_CLASS.match(base)
    if tissue and any(word.meaning in CORES for word in words_in(base[tissue.end() :])):
        return NameReading("other", f"{where} begins as SPM's maps of tissue classes and deformations do")
    words, moved = _without_target(words)
    if early := _no_sequence(words, extra, where):
        return early
    family, said = _family(words, where)
    if family == "unclear":
        return NameReading("unclear", said)
    if not family:
        channel = _CHANNEL.fullmatch(base)
        if channel:
            return NameReading("channel", f"channel number {channel['channel']}")
        return NameReading("unknown", f"{where} says nothing of a sequence")
    if found := _first(words, {Meaning.BODY}):
        return NameReading("unclear", f"{where} says {found!r}, which may be no brain")
    if glued := _riddle(words):
        return NameReading("unclear", f"{glued!r} in {where} is not understood")
    if family != "t1":
        return NameReading(family, f"{said!r} in {where}")
    if _first(words, {Meaning.T1}) and any(w.text == "mp2rage" for w in words) and words[-1].text == "images":
        return NameReading("unclear", "a T1 image of an MP2RAGE may be a map of T1 times")
    if "inv" in extra or _first(words, {Meaning.INVERSION_IMAGE}):
        return NameReading("unclear", f"{where} says that it is one of the inversions of an MP2RAGE")
    return _with_contrast(words, extra, said, moved, common, where)


def common_words(names: Sequence[str]) -> frozenset[str]:
    """Words that stand in all of several names."""
    words = [frozenset(word.text for word in words_in(stem(name))) for name in names]
    return frozenset.intersection(*words) if len(words) > 1 else frozenset()


# --- what surrounds the words that count ---


def _length_of_prefix(names: Sequence[str], folder: str) -> int:
    """Letters at the beginning of all names that name the patient or data set, and would mislead.

    Such a beginning counts as one only where the names say so: by a number behind a word of masks
    (``TumorSeg_001_t1``), or by sequences that contradict it (``T1`` as time point before ``T2w``).
    """
    prefix = _common_beginning(names) if len(names) > 1 else ""
    if len(names) == 1 and folder and names[0].startswith(folder):
        prefix = folder
    while prefix and any(_inside_word(name, len(prefix)) for name in names):
        prefix = prefix[:-1]
    words = words_in(prefix)
    meanings = {word.meaning for word in words}
    rest = {read_name(name[len(prefix) :]).kind for name in names}
    if meanings & CORES:
        own = "t1" if meanings & {Meaning.T1, Meaning.T1_PROTOCOL} else "t2"
        against = {"t2"} if own == "t1" else {"t1", "t1c"}
        return len(prefix) if rest & against and rest <= {*SEQUENCES, "mask", "other"} else 0
    numbered = bool(words) and any(letter.isdigit() for letter in words[-1].text)
    misleading = meanings & {Meaning.MASK, Meaning.OTHER, Meaning.LESION, Meaning.SUBTRACTION}
    return len(prefix) if misleading and numbered and rest & set(SEQUENCES) else 0


def _common_beginning(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = next(
        (place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None
    )
    return first[:same]


def _inside_word(name: str, place: int) -> bool:
    return name[place - 1 : place].isalnum() and name[place : place + 1].isalnum()


def _without_entities(base: str) -> tuple[str, dict[str, str]]:
    """A BIDS name without its ``key-value`` parts; values that may speak of contrast stay as words."""
    if not _BIDS.fullmatch(base):
        return base, {}
    kept, entities = [], {}
    for part in base.split("_"):
        match = _ENTITY.fullmatch(part)
        if match is None or match["key"].lower() not in _BIDS_KEYS:
            kept.append(part)
        else:
            entities[match["key"].lower()] = match["value"]
    return "_".join(kept), entities


def _joined(words: list[Word]) -> list[Word]:
    """Words that only mean something together: dark fluid, SPACE with inversion, bias field, T2 star."""
    result: list[Word] = []
    for word in words:
        last = result[-1] if result else None
        pair = (last.meaning, word.meaning) if last else None
        if pair == (Meaning.DARK, Meaning.FLUID) or (
            pair == (Meaning.DARK, Meaning.FLAIR_SHORT) and word.text == "fl"
        ):
            result[-1] = replace(word, text=f"{result[-1].text} {word.text}", meaning=Meaning.FLAIR_SIEMENS)
        elif pair == (Meaning.VARIABLE_FLIP, Meaning.INVERSION):
            result[-1] = replace(word, text=f"{result[-1].text} {word.text}", meaning=Meaning.FLAIR)
        elif pair in (
            (Meaning.BIAS, Meaning.FIELD),
            (Meaning.T2, Meaning.STAR),
            (Meaning.WEIGHTED, Meaning.STAR),
        ):
            result[-1] = replace(word, text=f"{result[-1].text} {word.text}", meaning=Meaning.OTHER)
        elif pair == (Meaning.FAT, Meaning.SATURATION):
            result[-1] = replace(word, text=f"{result[-1].text} {word.text}", meaning=Meaning.FAT_SATURATION)
        else:
            result.append(word)
    return result


def _without_target(words: list[Word]) -> tuple[list[Word], int | None]:
    """Drop the image or template that a copy was brought to: ``t1_to_flair`` is a T1.

    Returns:
        the words, and how many of them stand before a T1 that was dropped, to which later words of
        contrast may belong; None if none was.
    """
    kept: list[Word] = []
    before_t1: int | None = None
    place = 0
    while place < len(words):
        word = words[place]
        begins = word.meaning in (Meaning.INTO, Meaning.REGISTERED) and any(w.meaning in CORES for w in kept)
        following = place + 1
        while begins and following < len(words) and words[following].meaning is Meaning.INTO:
            following += 1
        target = words[following] if begins and following < len(words) else None
        if target is not None and target.meaning in CORES:
            if target.meaning in (Meaning.T1, Meaning.T1_PROTOCOL):
                before_t1 = len(kept)
            place = following + 1
            while place < len(words) and words[place].run == target.run:
                place += 1
        elif target is not None and (
            target.meaning is Meaning.TEMPLATE
            or target.text == "native"
            or (target.meaning is Meaning.OTHER and word.text != "2")
        ):
            place = following + 1
        else:
            kept.append(word)
            place += 1
    return kept, before_t1


# --- what is no sequence ---


def _no_sequence(words: list[Word], entities: dict[str, str], where: str) -> NameReading | None:
    """Masks and derived images, whatever else their names say."""
    if found := _first(words, {Meaning.MASK}):
        return NameReading("mask", f"{where} says {found!r}: a mask or a segmentation")
    if entities.get("part", "mag") != "mag":
        return NameReading("other", f"{where} says that it is no magnitude image")
    if found := _first(words, {Meaning.OTHER, Meaning.SUBTRACTION}):
        return NameReading("other", f"{where} says {found!r}, which is none of the four sequences")
    meanings = [word.meaning for word in words]
    cores = [place for place, meaning in enumerate(meanings) if meaning in CORES]
    lesions = [place for place, meaning in enumerate(meanings) if meaning is Meaning.LESION]
    if lesions and (lesions[-1] > cores[-1] if cores else Meaning.MAGNETIC not in meanings):
        return NameReading("mask", f"{where} says {words[lesions[-1]].text!r}: a mask or a segmentation")
    if not cores and (found := _first(words, {Meaning.OTHER_ALONE})):
        return NameReading("other", f"{where} says {found!r}, which is none of the four sequences")
    if found := _first(words, {Meaning.FAT}):
        return NameReading("other", f"{where} says {found!r}: an image of fat")
    if found := _weighted_by_star(words):
        return NameReading("other", f"{where} says {found!r}: a gradient echo, weighted by T2*")
    return None


def _weighted_by_star(words: list[Word]) -> str:
    """The word that says gradient echo, in a name that speaks of T2 or of no weighting; else empty."""
    meanings = {word.meaning for word in words}
    if meanings & {Meaning.T1, *FLAIRS}:
        return ""
    if Meaning.T2 in meanings:
        flash = next((word.text for word in words if word.text in _FLASH), "")
        return _first(words, {Meaning.GRADIENT_ECHO}) or flash
    return "" if Meaning.T1_PROTOCOL in meanings else _first(words, {Meaning.GRADIENT_ECHO})


def _riddle(words: list[Word]) -> str:
    """A T1 or T2 to which letters are glued that nobody understands."""
    runs = {word.run for word in words if word.meaning is Meaning.RIDDLE}
    weighted = {word.run for word in words if word.meaning in (Meaning.T1, Meaning.T2)} & runs
    return "".join(word.text for word in words if word.run == min(weighted)) if weighted else ""


def _first(words: list[Word], meanings: set[Meaning]) -> str:
    return next((word.text for word in words if word.meaning in meanings), "")


# --- which of the families ---


def _family(words: list[Word], where: str) -> tuple[str, str]:
    """``t1``, ``t2``, ``flair``, ``unclear`` or nothing; with the word that says so, or the reason."""
    t1, t2 = _first(words, {Meaning.T1}), _first(words, {Meaning.T2})
    flair = _first(words, set(FLAIRS))
    short = _first(words, {Meaning.FLAIR_SHORT})
    if not flair and not t1 and short:
        flair = short
    if t1 and t2:
        return "unclear", f"{where} speaks of {'FLAIR, ' if flair else ''}T1 and T2"
    if t1 and flair:
        return (
            ("t1", _compound_text(words))
            if _is_t1_flair(words)
            else ("unclear", f"{where} speaks of FLAIR and T1")
        )
    if t1:
        return "t1", _compound_text(words)
    if flair:
        stir = flair == "tirm" and _first(words, {Meaning.FAT_SATURATION})
        return ("unclear", "'tirm' with fat saturation may be STIR or FLAIR") if stir else ("flair", flair)
    if t2:
        if _first(words, {Meaning.INVERSION}):
            return "unclear", "a T2 with inversion may be STIR or FLAIR"
        return "t2", t2
    protocol = _first(words, {Meaning.T1_PROTOCOL})
    return ("t1", _compound_text(words)) if protocol else ("", "")


def _is_t1_flair(words: list[Word]) -> bool:
    """GE's T1 FLAIR and Siemens' T1 with dark fluid, and not a time point "T1" before a FLAIR.

    "FLAIR" follows "T1", with nothing but contrast, planes and the like between, in a name that has
    words of a scanner's protocol.
    """
    meanings = [word.meaning for word in words]
    first_t1 = meanings.index(Meaning.T1)
    first_flair = next(place for place, meaning in enumerate(meanings) if meaning in FLAIRS)
    if first_flair < first_t1:
        return False
    between = set(meanings[first_t1 + 1 : first_flair])
    if meanings[first_flair] is Meaning.FLAIR_SIEMENS:
        return between <= _MODIFIERS | {Meaning.TECHNIQUE, Meaning.VARIABLE_FLIP, Meaning.INVERSION}
    return between <= _MODIFIERS and bool(set(meanings) & _SCANNER_WORDS)


def _compound_text(words: list[Word]) -> str:
    """The first T1 word, together with what is glued to it."""
    core = next((w for w in words if w.meaning is Meaning.T1), None) or next(
        w for w in words if w.meaning is Meaning.T1_PROTOCOL
    )
    return "".join(word.text for word in words if word.run == core.run)


# --- T1 or T1c ---


def _with_contrast(
    words: list[Word],
    entities: dict[str, str],
    said: str,
    moved: int | None,
    common: frozenset[str],
    where: str,
) -> NameReading:
    """T1 or T1c, of a name that speaks of one of them."""
    contrast = read_contrast(words, entities, moved)
    agents, plains = contrast.agents, contrast.plains
    if agents and plains:
        return NameReading(
            "unclear", f"{where} speaks of contrast ({agents[0]!r}) and of none ({plains[0]!r})"
        )
    if contrast.doubtful:
        return NameReading("unclear", f"{agents[0]!r} in {where} may belong to the T1 that it was brought to")
    if plains:
        return NameReading("t1", f"{_both(said, plains[0])} in {where}", plain=True)
    if not agents:
        return NameReading("t1", f"{said!r} in {where}")
    core_runs = {word.run for word in words if word.meaning in (Meaning.T1, Meaning.T1_PROTOCOL)}
    apart = [agent for agent in agents if agent not in {w.text for w in words if w.run in core_runs}]
    by_contrast = len(apart) == len(agents) and all(agent in common for agent in agents)
    return NameReading("t1c", f"{_both(said, agents[0])} in {where}", by_contrast)


def _both(one: str, other: str) -> str:
    return f"{one!r}" if other in one else f"{one!r} and {other!r}"
