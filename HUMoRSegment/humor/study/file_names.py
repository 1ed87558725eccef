"""What the name of an image file says about its sequence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .reading import IMAGE_SUFFIXES

_CONTRAST = r"(c|ce|cw|wc|wce|w?gd|gad|gado|gadolinium|km|post(gd|gad|contrast)?|contrast|enhanced|enh|pc|ca)"
_PLAIN = r"(n|pre|precontrast|native|nativ|plain|noncontrast|nc|noce|nogd)"
_T1_WORD = re.compile(rf"t1w?(?P<contrast>{_CONTRAST}|\+c?)?{_PLAIN}?(fs|tse|fse|se|ax|sag|cor|3d|mprage)?")
_T1_PROTOCOL = re.compile(r"(mprage|mp2rage|bravo|fspgr|spgr|irfspgr|tfl3d|t1tfe)(?P<contrast>c|ce|gd|post)?")
_T2_WORD = re.compile(r"t2w?(n|tse|fse|se|fs|ax|sag|cor|3d|space|cube)?")
_FLAIR_WORD = re.compile(r"(t2f|t2?w?flair|.*flair|tirm|darkfluid)(\d|w|fs|ax|sag|cor|3d)*")
_CONTRAST_WORD = re.compile(rf"{_CONTRAST}")
_PLAIN_WORD = re.compile(rf"{_PLAIN}")
_NEGATION = {"no", "non", "not", "without", "wo", "w/o", "ohne"}
_MASK_WORD = re.compile(
    r".*seg(mentation|mentations|mented)?|seg.*|.*mask|masks|.*labels?|labelmap|roi|gt|groundtruth|annotations?|"
    r"pred(iction)?|prob(s|ability|abilities)?|aseg|aparc"
)
_OTHER_WORD = re.compile(
    r"adc|dwi|dti|swi|asl|pwi|perf(usion)?|dsc|dce|r?cb[vf]|t2s|t2star|t2\*|pd|pdw|bold|fmri|ct|pet|mra|tof|b\d+|"
    r"trace|phase|t1map|t2map|localizer|localiser|scout"
)
_COPY_WORD = {"to", "in", "on", "onto", "reg", "registered", "coreg", "coregistered", "space", "2"}
_NNUNET = re.compile(r".*_(?P<channel>\d{4})")


@dataclass(frozen=True)
class NameReading:
    """What a file name says.

    Attributes:
        kind: a sequence, ``mask``, ``other``, ``unclear``, ``channel`` (a number in nnU-Net's
            manner) or ``unknown``.
        reason: in words.
        by_contrast: whether only a contrast word apart from "t1" makes it T1c.
    """

    kind: str
    reason: str
    by_contrast: bool = False


def stem(name: str) -> str:
    """The file's name without its image ending."""
    lower = name.lower()
    ending = max((suffix for suffix in IMAGE_SUFFIXES if lower.endswith(suffix)), key=len, default="")
    return name[: len(name) - len(ending)]


def read_name(name: str, common: frozenset[str] = frozenset()) -> NameReading:
    """Guess what an image is from its file name.

    Args:
        name: the file's name.
        common: words that stand in all names of the study, which therefore tell nothing apart.
    """
    words = _words(stem(name))
    if any(_MASK_WORD.fullmatch(word) for word in words):
        return NameReading("mask", "its name says that it is a mask or a segmentation")
    words = _without_target(words)
    found: dict[str, tuple[str, bool]] = {}
    for word in words:
        sequence = _sequence_of(word)
        if sequence is not None:
            found.setdefault(sequence, (word, False))
    if "flair" in found:
        found.pop("t2", None)  # "T2_FLAIR" is a FLAIR
    if "t1" in found or "t1c" in found:
        _settle_contrast(words, found)
    others = [word for word in words if _OTHER_WORD.fullmatch(word)]
    if others:
        return NameReading("other", f"its name says {others[0]!r}, which is none of the four sequences")
    if len(found) > 1:
        return NameReading("unclear", f"its name speaks of {' and '.join(sorted(found))}")
    if found:
        ((sequence, (word, apart)),) = found.items()
        return NameReading(sequence, f"{word!r} in its name", apart and word in common)
    channel = _NNUNET.fullmatch(stem(name))
    if channel:
        return NameReading("channel", f"channel number {channel['channel']}")
    return NameReading("unknown", "its name says nothing of a sequence")


def words_of(name: str) -> frozenset[str]:
    """The lower-case words of a file name."""
    return frozenset(_words(stem(name)))


def _words(text: str) -> list[str]:
    text = re.sub(r"t1w?\s*[-_ ]?\+\s*[-_ ]?(c|gd)?(?![a-z0-9])", "t1c", text.lower())
    return [word for word in re.split(r"[^a-z0-9*+]+", text) if word]


def _without_target(words: list[str]) -> list[str]:
    """Drop what follows "to", "in", "reg", ...: ``t1_to_flair`` is a T1."""
    for place, word in enumerate(words):
        if word in _COPY_WORD and any(_sequence_of(before) for before in words[:place]):
            return words[:place]
    return words


def _sequence_of(word: str) -> str | None:
    for pattern in (_T1_WORD, _T1_PROTOCOL):
        match = pattern.fullmatch(word)
        if match:
            return "t1c" if match["contrast"] else "t1"
    if _FLAIR_WORD.fullmatch(word):
        return "flair"
    return "t2" if _T2_WORD.fullmatch(word) else None


def _settle_contrast(words: list[str], found: dict[str, tuple[str, bool]]) -> None:
    """Move T1 to T1c, or back, by words such as "post", "Gd", "without contrast" beside it."""
    for place, word in enumerate(words):
        contrast = _CONTRAST_WORD.fullmatch(word) and word not in {"c", "ca", "pc"}
        contrast = contrast or (word == "c" and place > 0 and _sequence_of(words[place - 1]) == "t1")
        negated = place > 0 and (words[place - 1] in _NEGATION or words[place - 1] == "pre")
        if contrast and not negated and not _PLAIN_WORD.fullmatch(word):
            found.pop("t1", None)
            if "t1c" not in found:
                found["t1c"] = (word, True)
            return
    if "t1c" in found:
        found.pop("t1", None)
