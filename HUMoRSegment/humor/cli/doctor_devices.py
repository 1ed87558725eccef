"""Checks of what a segmentation could run on."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .doctor_check import FAIL, OK, WARN, Check

TORCH_REMEDY = "Install the torch that https://pytorch.org/get-started names for this computer."
_BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")  # the last on Arm


def check_cpu() -> Iterator[Check]:
    """The processor, its cores, and whether it computes in bfloat16 (2 to 3 times faster)."""
    name, half = _openvino_cpu()
    flags = _cpu_flags()
    cores = f"{len(os.sched_getaffinity(0))} usable of " if hasattr(os, "sched_getaffinity") else ""
    text = f"{name}, {cores}{os.cpu_count()} logical cores"
    shown = ", ".join(flag for flag in _BF16_FLAGS if flag in flags)
    if half or (half is None and shown):
        answer = f"yes ({shown})" if shown else "yes"
    else:
        answer = "no (computes in 32 bits, which takes longer)"
    yield Check(OK, "cpu", f"{text}; bfloat16: {answer}")


def _openvino_cpu() -> tuple[str, bool | None]:
    """Name and bfloat16 support as OpenVINO sees them; support is None where it cannot tell."""
    try:
        from ..inference.openvino_backend import import_openvino

        core = import_openvino().Core()
        name = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
        return name, "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except Exception:  # check_libraries has said what is wrong with OpenVINO
        return platform.processor() or platform.machine(), None


def _cpu_flags() -> set[str]:
    """Feature names from ``/proc/cpuinfo``; empty elsewhere than on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split()}


def check_gpus() -> Iterator[Check]:
    """CUDA and Apple GPUs, whether this build of torch has code for them, and whether they compute."""
    from ..inference.devices import describe_devices

    driver = shutil.which("nvidia-smi") is not None
    try:
        import torch

        gpus = [facts for facts in describe_devices() if facts["device"] != "cpu"]
    except Exception:  # check_libraries has said what is wrong with torch
        if driver:
            remedy = f"The student needs no GPU. For the teacher: {TORCH_REMEDY}"
            yield Check(WARN, "gpu", "an NVIDIA driver is here, but no working torch", remedy)
        else:
            yield Check(OK, "gpu", "not looked for, without torch")
        return
    for facts in gpus:
        yield _gpu(torch, facts)
    if not gpus and driver:
        built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        remedy = f"{TORCH_REMEDY} If it is that one, update the GPU's driver."
        yield Check(WARN, "gpu", f"an NVIDIA driver is here, but torch (built {built}) finds no GPU", remedy)
    elif not gpus:
        yield Check(OK, "gpu", "none that torch can use; the CPU is used")


def _gpu(torch: Any, facts: Mapping[str, Any]) -> Check:
    """One GPU, given what ``describe_devices`` says of it."""
    name, parts = str(facts["device"]), [str(facts["name"])]
    if "memory_gb" in facts:
        parts += [f"{facts['memory_gb']} GB", f"compute capability {facts['capability']}"]
        parts += [f"torch built for {' '.join(torch.cuda.get_arch_list())}"]
    problem = _trial_sum(torch, name) if facts["usable"] else str(facts["reason"])
    if problem:
        remedy = f"{TORCH_REMEDY} Until then use --device cpu."
        return Check(FAIL, name, f"{', '.join(parts)}: {problem}", remedy)
    return Check(OK, name, ", ".join(parts))


def _trial_sum(torch: Any, device: str) -> str:
    """What goes wrong in a small computation; empty if nothing."""
    try:
        total = float(torch.ones(1000, device=device).mul(2).sum())
    except Exception as error:  # drivers fail in many ways
        return f"computing fails ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
    return "" if total == 2000 else f"computing gives {total} instead of 2000"
