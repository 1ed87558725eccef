"""The command ``humor``, also as ``python -m humor`` where there is no script (3D Slicer uses this)."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line; see ``cli.main``."""
    # Until the command line listens there is nothing to tidy up: Ctrl-C ends the process as it ends
    # others, without Python's traceback. What our parent told us to ignore stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
