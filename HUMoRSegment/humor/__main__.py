"""``python -m humor``: the command line without an installed script (3D Slicer uses this)."""

from __future__ import annotations

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
