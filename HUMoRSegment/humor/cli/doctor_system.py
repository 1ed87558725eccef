"""Checks of versions, libraries, memory and disk."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from .. import __version__
from ..memory.available import GB, main_memory
from ..memory.shortage import NEEDED_GB
from .doctor_check import FAIL, OK, WARN, Check

# Distribution → module to import. What pyproject.toml lists as dependencies (a test compares them).
REQUIRED: dict[str, str] = {
    "numpy": "numpy",
    "nibabel": "nibabel",
    "SimpleITK": "SimpleITK",
    "scipy": "scipy.ndimage",
    "isal": "isal.igzip",
    "openvino": "openvino",
    "safetensors": "safetensors.numpy",
    "pynrrd": "nrrd",
    "matplotlib": "matplotlib",
    "psutil": "psutil",
}
# For the teacher and for GPUs only.
OPTIONAL: dict[str, str] = {"torch": "torch", "monai": "monai"}

MEMORY_EASY = 2.0
DISK_NEEDED = 0.1  # GB: results of one study take up to some tens of MB
DISK_EASY = 2.0
PYTHON_NEEDED = (3, 10)


def check_versions() -> Iterator[Check]:
    """HUMoR, Python and the system."""
    yield Check(OK, "humor", f"{__version__} in {Path(__file__).resolve().parents[1]}")
    bits = "64" if sys.maxsize > 2**32 else "32"
    text = f"{platform.python_version()} ({bits} bit) at {sys.executable}"
    if sys.version_info >= PYTHON_NEEDED and bits == "64":
        yield Check(OK, "python", text)
    else:
        yield Check(FAIL, "python", text, "Install a 64-bit Python 3.10 or newer.")
    yield Check(OK, "system", platform.platform())


def check_libraries() -> Iterator[Check]:
    """Import everything once: an installed library may still be broken."""
    from ..inference.openvino_backend import refuse_statistics

    refuse_statistics()
    for name, module in REQUIRED.items():
        remedy = f"python -m pip install --upgrade {name}"
        yield _library(name, module, Check(FAIL, name, "not installed", remedy))
    for name, module in OPTIONAL.items():
        yield _library(name, module, Check(OK, name, "not installed (only for the teacher and for GPUs)"))


def _library(name: str, module: str, missing: Check) -> Check:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return missing
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever a broken library raises
        text = f"{version}, but importing it fails ({type(error).__name__}: {error})"
        return Check(FAIL, name, text, f"python -m pip install --force-reinstall {name}")
    return Check(OK, name, version)


def check_memory() -> Iterator[Check]:
    """Memory of the machine, or of its container or this process if that is less."""
    memory = main_memory()
    text = f"{memory} free"
    if memory.free < NEEDED_GB * GB:
        yield Check(FAIL, "memory", text, f"Close programs until {NEEDED_GB:g} GB are free.")
    elif memory.free < MEMORY_EASY * GB:
        yield Check(WARN, "memory", text, "Close other programs: brains may have to be cut into windows.")
    else:
        yield Check(OK, "memory", text)


def check_disks(output: Path) -> Iterator[Check]:
    """Free space, and whether writing works, where results and temporary files go."""
    yield _disk("output", output)
    yield _disk("temporary", Path(tempfile.gettempdir()))


def _disk(name: str, folder: Path) -> Check:
    """Looked at in the folder itself or, where it will be made later, in the nearest one above."""
    folder = folder.absolute()
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    free = shutil.disk_usage(there).free / GB
    text = f"{free:.1f} GB free in {folder}"
    if not _can_write(there):
        return Check(FAIL, name, f"{folder} cannot be written to", "Choose a folder that is yours.")
    if free < DISK_NEEDED:
        return Check(FAIL, name, text, "Free some space, or choose another disk.")
    if free < DISK_EASY:
        return Check(WARN, name, text, "Enough for some studies; free some space for many.")
    return Check(OK, name, text)


def _can_write(folder: Path) -> bool:
    try:
        handle, path = tempfile.mkstemp(prefix=".humor-", suffix=".partial", dir=folder)
    except OSError:
        return False
    os.close(handle)
    os.unlink(path)
    return True
