"""Names of files and patients where people and programs read them: nothing in them may act.

A file name can hold terminal commands (escape sequences), turn the direction of writing, or begin like
a formula of a spreadsheet.
"""

from __future__ import annotations

import unicodedata

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Control, format (bidirectional marks), surrogate, line and paragraph separator.
_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable(text: str, keep: str = "") -> str:
    """A text in which characters that act instead of being seen are written as Python writes them.

    Args:
        text: any.
        keep: characters that stay as they are, such as line ends of our own.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character in keep or unicodedata.category(character) not in _ACTING
        else _shown(character)
        for character in text
    )


def cell(value: object) -> object:
    """A value for a table that spreadsheets open: a text can be no formula there, numbers stay."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
