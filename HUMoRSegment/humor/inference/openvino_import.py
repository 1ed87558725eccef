"""OpenVINO without its usage statistics: nothing about a user leaves the machine."""

from __future__ import annotations

import sys
from typing import Any


def refuse_statistics() -> None:
    """Keep OpenVINO from reporting to a statistics server; call it before the first import.

    On import it would send an event unless its user has opted out, from a forked copy of the process
    that lives until the network answers. A module that is None cannot be imported, and OpenVINO has a
    stand-in for where its package of statistics is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def import_openvino() -> Any:
    """The module ``openvino``, which reports to nobody.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    refuse_statistics()
    import openvino

    return openvino
