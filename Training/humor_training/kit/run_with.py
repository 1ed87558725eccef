"""Run a module with the kit's own libraries behind those of the machine, or check that nothing is missing."""

from __future__ import annotations

import importlib
import os
import runpy
import sys

NEEDED = (
    *("torch", "numpy", "scipy", "matplotlib", "monai", "nibabel", "nrrd", "isal", "psutil", "yaml"),
    *("safetensors", "lightning", "pydantic.type_adapter"),
)
"""The last is what version 2 of pydantic has and version 1 has not."""


def main() -> int:
    """``check``, or a module's name and its arguments."""
    sys.path.append(os.environ["HUMOR_KIT_SITE"])
    name, *arguments = sys.argv[1:]
    if name != "check":
        sys.argv = [name, *arguments]
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        return 0
    problems = [problem for module in NEEDED if (problem := _problem(module))]
    if problems:
        print(f"{sys.executable}: {'; '.join(problems)}. Install them, or set PYTHON.", file=sys.stderr)
        return 1
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"Python {sys.version.split()[0]}, torch {torch.__version__}, {device}")
    return 0


def _problem(module: str) -> str:
    """Why it cannot be imported; empty if it can. Really imported: what it needs itself may be missing."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        return f"no {module} ({error})"
    return ""


if __name__ == "__main__":
    sys.exit(main())
