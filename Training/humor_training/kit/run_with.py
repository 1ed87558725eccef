"""Run a module with the kit's own libraries behind those of the machine, or check that nothing is missing."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys

NEEDED = (
    *("torch", "numpy", "scipy", "matplotlib", "monai", "nibabel", "nrrd", "isal", "psutil", "yaml"),
    *("safetensors", "lightning"),
)


def main() -> int:
    """``check``, or a module's name and its arguments."""
    sys.path.append(os.environ["HUMOR_KIT_SITE"])
    name, *arguments = sys.argv[1:]
    if name != "check":
        sys.argv = [name, *arguments]
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        return 0
    if missing := [module for module in NEEDED if importlib.util.find_spec(module) is None]:
        print(f"{sys.executable} has no {', '.join(missing)}: install them, or set PYTHON.", file=sys.stderr)
        return 1
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"Python {sys.version.split()[0]}, torch {torch.__version__}, {device}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
