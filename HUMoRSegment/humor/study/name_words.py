"""A name as words: what stands between separators, capitals and signs, each with its meaning.

``rT1wCE_brain`` is r, t1, w, ce, brain. A run of letters and digits is taken apart only where all of
its parts are words of the vocabulary and one of them is a sequence, so that ``cat1`` stays a cat.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from .vocabulary import (
    CORES,
    GLUED_AFTER,
    GLUED_BEFORE,
    LONGEST_PART,
    MEANINGS,
    NEVER_COMPOUNDS,
    WHOLE_WORDS,
    Meaning,
    in_other_scripts,
)

_RUN = re.compile(r"[a-z0-9]+|[^\W\d_a-z]+|\d+|[+-]", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SLASHES = (
    (re.compile(r"\bw\s*/\s*w\s*/?\s*o\b|\bw\s*/\s*wo\b", re.IGNORECASE), " with without "),
    (re.compile(r"\+\s*/\s*-"), " with without "),
    (re.compile(r"\b(w\s*/\s*o|s\s*/\s*c)(?![a-z0-9])", re.IGNORECASE), " without contrast "),
    (re.compile(r"\bc\s*/\s*c(?![a-z0-9])", re.IGNORECASE), " contrast "),
    (re.compile(r"\bs\s*/\s*(?=contr)", re.IGNORECASE), " without "),
)
_SPELLINGS = (
    (re.compile(r"t2\s*\*", re.IGNORECASE), "t2star"),
    (re.compile(r"(?<=mp)-(?=rage)", re.IGNORECASE), ""),
    (re.compile("Т(?=[12])|т(?=[12])"), "T"),  # the Cyrillic letter
    (re.compile("ı"), "i"),  # the Turkish one without a dot
)


@dataclass(frozen=True)
class Word:
    """A word of a name.

    Attributes:
        text: in small letters, without accents.
        meaning: of the vocabulary; ``NONE`` for what says nothing.
        start: where its run of letters begins in the (plain) name.
        run: number of its run, the same for parts of one compound.
    """

    text: str
    meaning: Meaning
    start: int
    run: int


@lru_cache(maxsize=4096)
def words_in(name: str) -> tuple[Word, ...]:
    """The words of a name (without its ending)."""
    text = plain(name)
    words: list[Word] = []
    for number, match in enumerate(_RUN.finditer(text)):
        run = match[0]
        if run in "+-":
            if meaning := _sign(text, match.start()):
                words.append(Word(run, meaning, match.start(), number))
            continue
        words += [Word(part, meaning, match.start(), number) for part, meaning in _parts(run)]
    return tuple(words)


def plain(name: str) -> str:
    """A name in one spelling: no accents on Latin letters, no wide forms, one kind of hyphen and star."""
    letters: list[str] = []
    for letter in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name)):
        if unicodedata.category(letter) == "Mn" and letters and letters[-1].isascii():
            continue
        letters.append("-" if unicodedata.category(letter) == "Pd" or letter == "\u2212" else letter)
    text = unicodedata.normalize("NFC", "".join(letters))
    for pattern, words in _SPELLINGS:
        text = pattern.sub(words, text)
    if "/" in text:
        for pattern, words in _SLASHES:
            text = pattern.sub(words, text)
    return text


def _sign(text: str, place: int) -> Meaning | None:
    """A plus, or a minus that is no hyphen: ``T1-``, ``C- sag``, ``T1 -C``."""
    if text[place] == "+":
        return Meaning.PLUS
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if before.isalnum() and not after.isalnum():
        return Meaning.MINUS
    if before == "+" or (
        before in (" ", "_") and re.match(r"(c|gd|km|ce|contrast)(?![a-z])", text[place + 1 :], re.I)
    ):
        return Meaning.MINUS
    return None


def _parts(run: str) -> list[tuple[str, Meaning]]:
    if not run.isascii():
        return [(run.casefold(), meaning) for meaning in in_other_scripts(run.casefold()) or [Meaning.NONE]]
    lower = run.lower()
    if found := _known(lower):
        return found
    parts: list[tuple[str, Meaning]] = []
    for piece in _CAMEL.split(run):
        parts += _known(piece.lower()) or [(piece.lower(), _unknown(piece))]
    if len(parts) == 1:
        return [(lower, Meaning.NONE)]
    return parts


def _unknown(piece: str) -> Meaning:
    """A few letters glued to a sequence may turn it into something else: ``dT1``, ``T1R``."""
    return Meaning.RIDDLE if len(piece) <= 2 and piece.isalpha() else Meaning.NONE


def _known(run: str) -> list[tuple[str, Meaning]]:
    """The parts of a run that is a word or a compound of the vocabulary; empty if it is neither."""
    if run in MEANINGS:
        return [(run, MEANINGS[run])]
    for pattern, meaning in WHOLE_WORDS:
        if pattern.fullmatch(run):
            return [(run, meaning)]
    return [] if NEVER_COMPOUNDS.fullmatch(run) else (_compound(run) or [])


@lru_cache(maxsize=4096)
def _compound(run: str) -> list[tuple[str, Meaning]] | None:
    """The way to take a run apart into the fewest words, around at least one sequence."""
    best: dict[tuple[int, bool, str], list[tuple[str, Meaning]]] = {(0, False, ""): []}
    for _step in range(len(run)):
        longer: dict[tuple[int, bool, str], list[tuple[str, Meaning]]] = {}
        for (end, core, _last), parts in best.items():
            for stop in range(end + 1, min(len(run), end + LONGEST_PART) + 1):
                part = run[end:stop]
                if (meaning := _fits(part, core, parts[-1] if parts else None, run[stop:])) is not None:
                    grown = [*parts, (part, meaning)]
                    key = (stop, core or meaning in CORES, part)
                    if stop == len(run) and key[1]:
                        return grown
                    longer.setdefault(key, grown)
        best = longer
    return None


def _fits(part: str, core: bool, last: tuple[str, Meaning] | None, rest: str) -> Meaning | None:
    """The meaning of a part of a compound at its place; None if it cannot stand there."""
    if part == "2" and core and re.match("t1|t2|flair|mni|sri", rest):
        return Meaning.INTO
    if part.isdigit():
        # "t12" is no T1, "t1c2" and "flair3d" are sequences.
        allowed = core and last is not None and last[0] not in ("t1", "t2") and not last[0].isdigit()
        return Meaning.NONE if allowed else None
    if not core:
        if part in GLUED_BEFORE:
            needs_t1 = GLUED_BEFORE[part] is Meaning.CONTRAST and len(part) == 1
            return GLUED_BEFORE[part] if not needs_t1 or rest.startswith("t1") else None
        meaning = MEANINGS.get(part)
        return meaning if meaning in CORES else None
    if part in GLUED_AFTER:
        meaning, needed = GLUED_AFTER[part]
        return meaning if last is not None and (needed is None or last[1] in needed) else None
    meaning = MEANINGS.get(part)
    return meaning if meaning is not None and (len(part) > 2 or meaning in CORES or part in _SHORT) else None


_SHORT = {"gd", "ce", "km", "ax", "fs", "2d", "3d", "se", "ir", "to", "fl"}
