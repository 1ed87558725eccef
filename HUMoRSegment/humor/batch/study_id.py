"""Which names of studies can be names of folders, on Linux, macOS and Windows alike."""

from __future__ import annotations

import os
import re
import unicodedata

from .names import RECORDS, VOLUMES

LONGEST = 150  # bytes; file systems end at 255, and temporary files add something
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def unfit(name: str) -> str:
    """Why a name cannot be a folder's, in words; empty if it can."""
    if not name:
        return "it is empty"
    found = _FORBIDDEN.search(name)
    if found:
        what = "separates folders" if found[0] in "/\\" else "is not allowed in names on every system"
        return f"{found[0]!r} {what}"
    if shown(name) != name:
        return "it is no text in UTF-8"
    if not name.isprintable():
        return "it has characters that cannot be seen"
    if name.startswith(".") or name != name.strip() or name.endswith("."):
        return "it begins or ends with a dot or a space"
    if len(name.encode("utf-8", "replace")) > LONGEST:
        return f"it is longer than {LONGEST} bytes"
    if name.casefold().partition(".")[0] in _DEVICES:
        return "Windows keeps this name for a device"
    if name.casefold() in (RECORDS, VOLUMES):
        return "the batch has a file of this name"
    return ""


def shown(name: str) -> str:
    """A name as text: bytes that are no UTF-8, which Linux allows in names, as ``\\xe9``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def collision_key(name: str) -> str:
    """Equal for names that are one on some disk: capitals, and two ways to write one letter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
