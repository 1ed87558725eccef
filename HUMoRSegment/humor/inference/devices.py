"""Which device a run uses: what people write, what is there, what to say when it is not."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import Any

from ..errors import DeviceError, UsageError


@dataclass(frozen=True)
class Device:
    """``kind``: ``cpu``, ``cuda`` or ``mps``; ``index`` of a CUDA device."""

    kind: str
    index: int = 0

    @property
    def torch_name(self) -> str:
        """The name that torch uses."""
        return f"cuda:{self.index}" if self.kind == "cuda" else self.kind


def resolve_device(wanted: str, torch_needed: bool = True) -> Device:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    ``auto`` takes the first usable CUDA device, then MPS, then the CPU. Where the CPU needs no torch
    and torch is not installed or not loaded, looking for a GPU would cost seconds of import; then
    ``auto`` asks the driver's files only.

    Args:
        wanted: as above.
        torch_needed: whether the model can run on torch only.

    Raises:
        UsageError: no such way to name a device.
        DeviceError: the device is not there; the message says what is.
    """
    match = re.fullmatch(r"(auto|cpu|mps|cuda)(?::([0-9]{1,3}))?", wanted)
    if match is None or (match[2] and match[1] != "cuda"):
        raise UsageError(f"Unknown device {wanted!r}. Use auto, cpu, cuda, cuda:N or mps.")
    kind, index = match[1], int(match[2] or 0)
    if kind == "cpu":
        return Device("cpu")
    if kind == "auto":
        return _best(torch_needed)
    if importlib.util.find_spec("torch") is None:
        raise DeviceError(f"{wanted} needs PyTorch, which is not installed. Install it, or use --device cpu.")
    import torch

    if kind == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("This computer has no Apple GPU that torch can use. Use --device auto or cpu.")
        return Device("mps")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index >= count:
        there = f"devices 0 to {count - 1}" if count else "no CUDA device"
        raise DeviceError(
            f"{wanted} is not there: torch {torch.__version__} sees {there}. "
            "Use --device auto or cpu, or run 'humor doctor'."
        )
    if (reason := unsupported(index)) is not None:
        raise DeviceError(f"{wanted} cannot be used: {reason}")
    return Device("cuda", index)


def _best(torch_needed: bool) -> Device:
    import sys

    if importlib.util.find_spec("torch") is None:
        return Device("cpu")
    if not torch_needed and "torch" not in sys.modules and not _maybe_gpu():
        return Device("cpu")
    import torch

    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            if unsupported(index) is None:
                return Device("cuda", index)
    return Device("mps") if torch.backends.mps.is_available() else Device("cpu")


def _maybe_gpu() -> bool:
    """Whether this computer may have a GPU that torch uses, told without importing torch."""
    import os
    import sys
    from pathlib import Path

    if sys.platform == "darwin":
        return os.uname().machine == "arm64"
    if sys.platform == "win32":
        return os.path.exists(Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll")
    # NVIDIA's driver, the one of WSL, AMD's.
    return any(os.path.exists(place) for place in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd"))


def unsupported(index: int) -> str | None:
    """Why this torch build cannot use a CUDA device, or None if it can."""
    import torch

    major, minor = torch.cuda.get_device_capability(index)
    architectures = torch.cuda.get_arch_list()
    if torch.version.hip or not architectures or _runs_on(major * 10 + minor, architectures):
        return None
    return (
        f"{torch.cuda.get_device_name(index)} has compute capability {major}.{minor}, and torch "
        f"{torch.__version__} was built for {', '.join(torch.cuda.get_arch_list())}. "
        "Install a torch build that has it, or use --device cpu."
    )


def describe_devices() -> list[dict[str, Any]]:
    """Facts about every device that torch sees, and the CPU, for ``humor doctor``."""
    found: list[dict[str, Any]] = [{"device": "cpu", "name": "CPU", "usable": True}]
    if importlib.util.find_spec("torch") is None:
        return found
    import torch

    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        facts = torch.cuda.get_device_properties(index)
        reason = unsupported(index)
        found.append(
            {
                "device": f"cuda:{index}",
                "name": facts.name,
                "memory_gb": round(facts.total_memory / 2**30, 1),
                "capability": f"{facts.major}.{facts.minor}",
                "usable": reason is None,
                "reason": reason or "",
            }
        )
    if torch.backends.mps.is_available():
        found.append({"device": "mps", "name": "Apple GPU", "usable": True})
    return found


def _runs_on(capability: int, architectures: list[str]) -> bool:
    """Whether code for one of ``architectures`` runs on a device of a capability, e.g. 89 for 8.9.

    Binary code (``sm_80``) runs on its own major version from its minor on, PTX (``compute_80``) on
    everything later; lettered code (``sm_90a``) on its own chip only.
    Source: CUDA C++ Programming Guide, "Application Compatibility".
    """
    for kind, _, version in (name.partition("_") for name in architectures):
        if not version.isdigit():
            if kind == "sm" and version.rstrip("af") == str(capability):
                return True
            continue
        built = int(version)
        same_major = built // 10 == capability // 10
        if built <= capability and (kind == "compute" or same_major):
            return True
    return False
