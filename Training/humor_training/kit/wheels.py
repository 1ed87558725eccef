"""Wheels of what a machine with PyTorch usually lacks, for its Python and not for this one."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

from humor.errors import InputError

CARRIED = (
    *("monai", "nibabel", "pynrrd", "isal", "psutil", "pyyaml", "safetensors"),
    *("lightning", "lightning-utilities", "torchmetrics", "packaging", "tqdm", "einops"),
)
"""scipy and matplotlib are too heavy to carry (55 MB with what they need), and there as a rule."""
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (17, 24, 27, 28, 31, 34)),
    "manylinux2014_x86_64",
    "manylinux1_x86_64",
)
"""pip takes each literally."""


def fetch_wheels(folder: Path, python: str) -> None:
    """Download the wheels of ``CARRIED``, in the versions that are installed here.

    Raises:
        InputError: pip could not get one.
    """
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in CARRIED]
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms]
    done = subprocess.run(
        [*command, "--dest", str(folder), *wanted], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(
            f"pip could not download the kit's wheels for Python {python} ({reason}). Give another "
            "--python, or --no-wheels and install there what start.sh asks for."
        )
