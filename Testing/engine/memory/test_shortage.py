from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import humor
from humor.errors import MemoryShortage
from humor.memory import shortage
from humor.memory.available import CONTAINER, PROCESS, Memory
from humor.memory.shortage import is_memory_failure, memory_shortage, require_memory

GB = 10**9
TOO_MUCH = 1 << 60
ENGINE = Path(humor.__file__).parents[1]

# As users of these libraries have reported them; those that can be had here are made below.
TEXTS = [
    "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 3.94 GiB total capacity)",
    "MPS backend out of memory (MPS allocated: 8.50 GB, other allocations: 1.20 GB)",
    "CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "Exception from src/inference/src/dev/plugin.cpp:54:\ncan't alloc\n",
    "Exception from src/core/src/runtime/allocator.cpp:79:\nstd::bad_alloc",
    "bad allocation",
    "Exception from src/inference/src/cpp/core.cpp:117:\nstd::future_error: Broken promise",
    "Exception from src/inference/src/cpp/core.cpp:117:\nResource temporarily unavailable",
    "Failed to allocate memory for image.",
    "can't start new thread",
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_of_libraries_are_known(text: str) -> None:
    assert is_memory_failure(RuntimeError(text))
    assert not is_memory_failure(ValueError(text))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shapes do not match"),
        RuntimeError("could not open the allocation table"),
        OSError(errno.ENOSPC, "No space left on device"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        KeyError("memory"),
        ImportError("No module named 'openvino'"),
    ],
)
def test_other_failures_are_none(error: Exception) -> None:
    assert not is_memory_failure(error) and memory_shortage(error) is None


def test_what_led_to_an_error_counts() -> None:
    try:
        try:
            raise MemoryError
        except MemoryError as first:
            raise ValueError("the array cannot be made") from first
    except ValueError as error:
        assert is_memory_failure(error)
    assert is_memory_failure(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)))


def test_numpy_torch_and_itk_really_without_room() -> None:
    with pytest.raises(MemoryError) as failed:
        np.ones(TOO_MUCH, np.int8)
    assert "1.00 EiB" in str(memory_shortage(failed.value))
    with pytest.raises(RuntimeError) as refused:
        torch.ones(TOO_MUCH, dtype=torch.int8)
    assert is_memory_failure(refused.value)
    import SimpleITK as sitk

    with pytest.raises(RuntimeError) as full:
        sitk.Image([1 << 20, 1 << 20, 1 << 10], sitk.sitkFloat64)
    assert is_memory_failure(full.value)


def test_the_user_is_told_what_there_is_what_is_needed_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortage, "main_memory", lambda: Memory(2 * GB, GB // 10, CONTAINER))
    told = str(memory_shortage(MemoryError("Unable to allocate 3.00 GiB for an array")))
    for words in ("allocate 3.00 GiB", "0.1 GB of 2.0 GB (limit of this container)", "needs about", "Close"):
        assert words in told


@pytest.mark.parametrize(
    ("memory", "enough"),
    [
        (Memory(16 * GB, 8 * GB), True),
        (Memory(16 * GB, GB // 10), False),
        (Memory(GB, GB // 2, CONTAINER), True),
        (Memory(GB, GB // 2, PROCESS), False),
    ],
)
def test_what_is_too_little_for_anything_stops_a_run_at_once(
    monkeypatch: pytest.MonkeyPatch, memory: Memory, enough: bool
) -> None:
    monkeypatch.setattr(shortage, "main_memory", lambda: memory)
    if enough:
        require_memory()
    else:
        with pytest.raises(MemoryShortage, match="smallest study"):
            require_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes count on Linux only")
@pytest.mark.parametrize("megabytes", [200, 400, 900])
def test_the_command_line_under_a_real_limit_says_so_and_ends_at_once(tmp_path: Path, megabytes: int) -> None:
    """At 400 MB OpenBLAS would wait for ever."""
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({megabytes << 20}, {megabytes << 20}))
from humor.cli.main import main
sys.exit(main(["segment", "--t1", "nowhere.nii", "-o", {str(tmp_path / "out")!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ENGINE)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert re.search(r"emory.*limit of this process.*Close other programs", done.stderr)
