"""Words of a name that say whether there was a contrast agent: they tell T1c from T1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .name_words import Word, words_in
from .vocabulary import CORES, Meaning

_SAYS_CONTRAST = frozenset({"acq", "ce", "desc", "rec", "proc"})
_NO_AGENT = frozenset({"none", "no", "n", "false", "0", "pre", "without"})


@dataclass(frozen=True)
class Contrast:
    """Attributes:
    agents: words that say that there was a contrast agent.
    plains: words that say that there was none.
    doubtful: whether the former may belong to another T1, to which this one was brought.
    """

    agents: list[str]
    plains: list[str]
    doubtful: bool


def read_contrast(words: list[Word], entities: Mapping[str, str], moved: int | None) -> Contrast:
    """What a name says about contrast agent.

    Args:
        words: of a name that speaks of T1.
        entities: of a BIDS name, key → value.
        moved: how many of the words stand before a T1 that was dropped; None if none was.
    """
    agents, plains = _evidence(words)
    doubtful = moved is not None and bool(agents) and not _evidence(words[:moved])[0]
    for found, more in zip((agents, plains), _evidence(_entity_words(entities)), strict=True):
        found += more
    if "ce" in entities:
        (plains if entities["ce"].lower() in _NO_AGENT else agents).append(f"ce-{entities['ce']}")
    return Contrast(agents, plains, doubtful)


def _entity_words(entities: Mapping[str, str]) -> list[Word]:
    values = " ".join(value for key, value in entities.items() if key in _SAYS_CONTRAST - {"ce"})
    return [replace(word, run=-1 - word.run) for word in words_in(values) if word.meaning not in CORES]


def _evidence(words: list[Word]) -> tuple[list[str], list[str]]:
    """Words that say that there was a contrast agent, and words that say that there was none."""
    agents: list[str] = []
    plains: list[str] = []
    for place, word in enumerate(words):
        before, after = _beside(words, place, -1), _beside(words, place, 1)
        match word.meaning:
            case Meaning.PLAIN:
                plains.append(word.text)
            case Meaning.CONTRAST:
                negation = _negated(words, place)
                if negation:
                    plains.append(f"{negation} {word.text}")
                elif after is Meaning.MINUS or _glued_minus(words, place):
                    plains.append(f"{word.text}-")
                else:
                    agents.append(word.text)
            case Meaning.LETTER_C if before is Meaning.PLUS or after is Meaning.PLUS:
                agents.append("c+")
            case Meaning.LETTER_C if after is Meaning.MINUS or _glued_minus(words, place):
                plains.append("c-")
            case Meaning.LETTER_C if _follows_t1(words, place):
                (plains if _negated(words, place) else agents).append(word.text)
            case Meaning.PLUS if (
                before in (Meaning.T1, Meaning.WEIGHTED, Meaning.T1_PROTOCOL) and after not in CORES
            ):
                agents.append("+")
            case Meaning.MINUS if (
                before in (Meaning.T1, Meaning.WEIGHTED, Meaning.T1_PROTOCOL) and after is None
            ):
                plains.append("-")
            case Meaning.AFTER if not _of_something_else(words, place):
                if not (after is Meaning.CONTRAST or after is Meaning.LETTER_C):
                    (plains if _negated(words, place) else agents).append(word.text)
            case Meaning.BEFORE if not _of_something_else(words, place):
                if after is not Meaning.CONTRAST and after is not Meaning.LETTER_C:
                    plains.append(word.text)
            case Meaning.AMBIGUOUS:
                agents.append(word.text)
                plains.append(word.text)
            case Meaning.WITHOUT if _with_and_without(words, place):
                plains.append(word.text)
                agents.append("with")
            case Meaning.WITHOUT if after is None:
                plains.append(word.text)
    return agents, plains


def _beside(words: list[Word], place: int, step: int) -> Meaning | None:
    neighbour = place + step
    return words[neighbour].meaning if 0 <= neighbour < len(words) else None


def _negated(words: list[Word], place: int) -> str:
    """The word before a contrast word, or before several of them, that turns it round."""
    place -= 1
    while place >= 0 and words[place].meaning in (Meaning.CONTRAST, Meaning.GLUE):
        place -= 1
    if place >= 0 and words[place].meaning in (Meaning.WITHOUT, Meaning.BEFORE):
        return words[place].text
    return ""


def _glued_minus(words: list[Word], place: int) -> bool:
    """Whether a minus stands right before a word, as in ``T1 -C``."""
    return (
        place > 0
        and words[place - 1].meaning is Meaning.MINUS
        and words[place].start == words[place - 1].start + 1
    )


def _with_and_without(words: list[Word], place: int) -> bool:
    before = [word for word in words[:place] if word.meaning is not Meaning.AND]
    return bool(before) and before[-1].meaning is Meaning.WITH


def _follows_t1(words: list[Word], place: int) -> bool:
    """Whether a word stands behind T1, with its protocol between at most."""
    skipped = {
        Meaning.WEIGHTED,
        Meaning.TECHNIQUE,
        Meaning.VARIABLE_FLIP,
        Meaning.ORIENTATION,
        Meaning.DIMENSION,
    }
    skipped |= {Meaning.WITHOUT, Meaning.WITH, Meaning.FAT_SATURATION}
    place -= 1
    while place >= 0 and words[place].meaning in skipped:
        place -= 1
    return place >= 0 and words[place].meaning in (Meaning.T1, Meaning.T1_PROTOCOL)


def _of_something_else(words: list[Word], place: int) -> bool:
    """ "Post" and "pre" of an operation, of a therapy, or as the name of a visit."""
    beside = (_beside(words, place, 1), _beside(words, place, -1))
    return beside[0] is Meaning.TREATMENT or beside[1] is Meaning.VISIT
