"""Fresh processes, because a module that was imported once stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CODE = """
import sys
import humor
{statement}
assert "openvino" in sys.modules
loaded = [name for name in sys.modules if name.startswith("openvino_telemetry") and sys.modules[name]]
assert not loaded, loaded
"""


@pytest.mark.parametrize(
    "statement",
    [
        "from humor.inference.openvino_backend import import_openvino; import_openvino().Core()",
        "from humor.cli.doctor_checks import check_libraries; list(check_libraries())",
    ],
)
def test_openvino_never_loads_its_usage_statistics(statement: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE.format(statement=statement)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
