"""What the system refuses is told in words, whoever was refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from humor.errors import MemoryShortage, OutputError
from humor.memory.shortage import is_memory_failure
from humor.system_failures import in_words


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("Exception from core.cpp:117:\nException from plugin.cpp:54:\ncan't alloc\n\n"),
        RuntimeError("Exception from core.cpp:117:\nResource temporarily unavailable\n\n"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
)
def test_memory_is_told_by_libraries_in_many_ways(error: Exception) -> None:
    assert is_memory_failure(error)
    assert isinstance(in_words(error), MemoryShortage) and "Memory ran out" in str(in_words(error))


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("allocate"), KeyError("x")]
)
def test_our_own_mistakes_are_not_made_nicer(error: Exception) -> None:
    assert not is_memory_failure(error) and in_words(error) is None


@pytest.mark.parametrize("name", [b"caf\xe9", "café", Path("a"), 7])
def test_a_files_failure_names_it(name: object) -> None:
    error = OSError(errno.EACCES, os.strerror(errno.EACCES), name)
    told = in_words(error)
    assert isinstance(told, OutputError)
    assert "Permission denied" in str(told) and "Check the path" in str(told)


def test_a_full_disk_and_too_many_files_have_no_name() -> None:
    assert "disk" in str(in_words(OSError(errno.ENOSPC, "No space left on device")))
    assert "Too many open files" in str(in_words(OSError(errno.EMFILE, "Too many open files")))
    assert in_words(OSError(errno.EBADF, "Bad file descriptor")) is None
