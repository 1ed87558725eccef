"""Unpack gzip and zlib data fast, to their check sums, and never to more than a ceiling.

ITK reads compressed MetaImages without any check, and NRRD files without that of gzip's end: one
wrong bit gives another image. And a few kilobytes may unpack to any number of gigabytes.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from ..errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
ROOM = 1 << 26  # bytes that a file may hold beyond its voxels
_BITS = {"gzip": zlib.MAX_WBITS | 16, "zlib": zlib.MAX_WBITS}


def unpacked(path: Path, data: bytes, needed: int) -> bytes:
    """What compressed data unpack to; gzip data may have several parts, one behind the other.

    Args:
        path: the file, for messages.
        data: gzip, if they begin as such, else zlib.
        needed: bytes of the voxels, and of what lies before them.

    Raises:
        InputError: damaged, truncated, followed by what is not zeros, or more than is needed and ``ROOM``.
    """
    kind = "gzip" if data.startswith(GZIP_MAGIC) else "zlib"
    parts: list[bytes] = []
    left = needed + ROOM
    while True:
        part, data = _one(path, data, kind, left)
        parts.append(part)
        left -= len(part)
        if not data.strip(b"\0"):
            return b"".join(parts) if len(parts) > 1 else part
        if kind == "zlib" or not data.startswith(GZIP_MAGIC):
            raise _damaged(path, "something else follows")


def refuse_excess(path: Path, size: int, needed: int) -> None:
    """Stop before much is read that is no part of the image.

    Args:
        path: the file, for messages.
        size: its bytes, packed or not.
        needed: bytes of the voxels, and of what lies before them.

    Raises:
        InputError: it is larger than that and ``ROOM``.
    """
    if size > needed + ROOM:
        raise InputError(
            f"{path} has {size / 1e6:.0f} MB, and its header speaks of {needed / 1e6:.0f} MB: it is not the "
            "image that it says. Copy or export it again."
        )


def _one(path: Path, data: bytes, kind: str, most: int) -> tuple[bytes, bytes]:
    """What the first part unpacks to, and what is behind it."""
    decompressor, failures = _decompressor(kind)
    try:
        content = decompressor.decompress(data, most + 1)
    except failures as error:
        raise _damaged(path, str(error)) from error
    if len(content) > most:
        raise InputError(
            f"{path} unpacks to more than {most / 1e6:.0f} MB, and its header speaks of less: it is not the "
            "image that it says. Copy or export it again."
        )
    if not decompressor.eof:
        raise _damaged(path, "its end is missing")
    return content, decompressor.unused_data


def _decompressor(kind: str) -> tuple[Any, tuple[Any, ...]]:
    """The fastest there is (isal is several times faster than zlib), and what it raises."""
    try:
        from isal import igzip_lib
    except ImportError:
        return zlib.decompressobj(_BITS[kind]), (zlib.error,)
    flag = igzip_lib.DECOMP_GZIP if kind == "gzip" else igzip_lib.DECOMP_ZLIB
    return igzip_lib.IgzipDecompressor(flag), (igzip_lib.IsalError, EOFError, ValueError)


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} is damaged or truncated: its compressed content cannot be unpacked ({reason}). "
        "Copy or export it again."
    )
