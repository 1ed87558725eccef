from __future__ import annotations

import pytest

from humor.errors import DeviceError, UsageError
from humor.inference.devices import Device, _runs_on, describe_devices, resolve_device


def test_the_cpu_is_always_there() -> None:
    assert resolve_device("cpu") == Device("cpu")
    assert describe_devices()[0]["device"] == "cpu"


@pytest.mark.parametrize("text", ["gpu", "cpu:1", "cuda:", "cuda:x", "", "mps:0"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="auto, cpu, cuda"):
        resolve_device(text)


def test_a_device_that_is_not_there_is_an_error_that_says_so() -> None:
    with pytest.raises(DeviceError, match="cuda:97 is not there"):
        resolve_device("cuda:97")


@pytest.mark.parametrize(
    ("capability", "built", "runs"),
    [
        (89, ["sm_80", "sm_90"], True),
        (75, ["sm_80", "sm_90"], False),
        (120, ["sm_80", "sm_90"], False),
        (120, ["sm_80", "compute_90"], True),
        (70, ["compute_90"], False),
        (90, ["sm_90a"], True),
        (91, ["sm_90a"], False),
    ],
)
def test_what_a_torch_build_runs_on(capability: int, built: list[str], runs: bool) -> None:
    assert _runs_on(capability, built) is runs
