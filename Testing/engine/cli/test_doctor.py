from __future__ import annotations

import builtins
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from humor.bundle import store
from humor.bundle.bundle import Bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.bundle.store import DEFAULT_BUNDLE
from humor.cli import doctor_checks
from humor.cli.doctor_checks import FAIL, OK, WARN, Check, guarded
from humor.cli.main import main
from humor.memory.available import CONTAINER, Memory
from humor.study.grid import Grid

REPOSITORY = Path(__file__).resolve().parents[3]
Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
GB = 10**9


@pytest.fixture
def user(tmp_path: Path, monkeypatch: Patch) -> Path:
    """The user's folder, empty; nothing is shipped."""
    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path / "user"))
    monkeypatch.setattr(store, "shipped_folders", lambda: [])
    return tmp_path / "user"


@pytest.fixture
def default(user: Path) -> Bundle:
    """A model with the default one's name; its weights are of no network."""
    manifest = Manifest("humor-student", "Not a network", "student", {"name": "humor_student"})
    return save_bundle(user / "humor-student", manifest, {"x": np.zeros(4)})


def fixed(monkeypatch: Patch, *checks: Check) -> None:
    """Let the doctor find just these."""
    monkeypatch.setattr(doctor_checks, "all_checks", lambda output, device: iter(checks))


def only(checks: Iterator[Check]) -> Check:
    (check,) = checks
    return check


# The command


def test_all_well_ends_with_0(monkeypatch: Patch, capsys: Capture) -> None:
    fixed(monkeypatch, Check(OK, "one", "is there"), Check(OK, "two", "as well"))
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Everything works."


def test_a_warning_ends_with_0_and_a_failure_with_1(monkeypatch: Patch, capsys: Capture) -> None:
    fixed(monkeypatch, Check(WARN, "one", "is slow", "Feed it."))
    assert main(["doctor"]) == 0
    fixed(monkeypatch, Check(WARN, "one", "is slow", "Feed it."), Check(FAIL, "two", "is gone", "Get it."))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "→ Feed it." in shown and "→ Get it." in shown and "1 failed, 1 could be better" in shown


def test_json_is_one_event_a_check_and_the_result(monkeypatch: Patch, capsys: Capture) -> None:
    def noisy(output: Path, device: str) -> Iterator[Check]:
        print("a library says hello")
        yield Check(FAIL, "two", "is gone", "Get it.")

    monkeypatch.setattr(doctor_checks, "all_checks", noisy)
    assert main(["doctor", "--json"]) == 1
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    facts = {"status": "fail", "name": "two", "text": "is gone", "remedy": "Get it."}
    assert first["data"] == facts
    assert last["kind"] == "result" and last["data"] == {"ok": False, "checks": [facts]}


def test_a_check_that_breaks_is_a_failure_and_not_the_end() -> None:
    def breaks() -> Iterator[Check]:
        yield Check(OK, "one", "is there")
        raise RuntimeError("odd")

    first, second = guarded("group", breaks)
    assert first.status == OK and second.status == FAIL and "RuntimeError: odd" in second.text


# Versions and libraries


def test_every_dependency_is_looked_at() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert block
    assert set(re.findall(r'"([\w-]+)', block[1])) == set(doctor_checks.REQUIRED)


def test_versions_name_the_program_and_python() -> None:
    assert [check.name for check in doctor_checks.check_versions()] == ["humor", "python", "system"]


def test_installed_libraries_show_their_versions() -> None:
    found = {check.name: check for check in doctor_checks.check_libraries()}
    assert found["numpy"] == Check(OK, "numpy", np.__version__)


def test_a_missing_library_is_a_failure_and_missing_torch_is_not(monkeypatch: Patch) -> None:
    def absent(name: str) -> str:
        raise doctor_checks.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor_checks.metadata, "version", absent)
    found = {check.name: check for check in doctor_checks.check_libraries()}
    assert found["openvino"].status == FAIL and "pip install --upgrade openvino" in found["openvino"].remedy
    assert found["torch"].status == found["monai"].status == OK and "not installed" in found["torch"].text


def test_a_library_that_is_there_but_broken_is_a_failure(monkeypatch: Patch) -> None:
    def broken(name: str) -> Any:
        raise OSError("a shared library is missing")

    monkeypatch.setattr(doctor_checks.importlib, "import_module", broken)
    found = {check.name: check for check in doctor_checks.check_libraries()}
    assert found["numpy"].status == FAIL and "shared library" in found["numpy"].text


# Memory and disk


@pytest.mark.parametrize(("free", "status"), [(10.0, OK), (1.5, WARN), (0.5, FAIL)])
def test_little_memory_is_told(monkeypatch: Patch, free: float, status: str) -> None:
    monkeypatch.setattr(doctor_checks, "main_memory", lambda: Memory(16 * GB, int(free * GB)))
    check = only(doctor_checks.check_memory())
    assert check.status == status and f"{free:.1f} GB of 16.0 GB free" in check.text


def test_what_limits_the_memory_is_told(monkeypatch: Patch) -> None:
    monkeypatch.setattr(doctor_checks, "main_memory", lambda: Memory(2 * GB, GB // 2, CONTAINER))
    check = only(doctor_checks.check_memory())
    assert check.status == FAIL and check.text == "0.5 GB of 2.0 GB (limit of this container) free"


@pytest.mark.parametrize(("free", "status"), [(50.0, OK), (1.0, WARN), (0.01, FAIL)])
def test_little_room_on_the_disk_is_told(
    monkeypatch: Patch, tmp_path: Path, free: float, status: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=int(free * GB)))
    output, temporary = doctor_checks.check_disks(tmp_path / "not" / "yet")
    assert output.status == temporary.status == status
    assert str(tmp_path / "not" / "yet") in output.text and not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_a_failure(monkeypatch: Patch, tmp_path: Path) -> None:
    def refuse(**options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor_checks.tempfile, "mkstemp", refuse)
    output, _ = doctor_checks.check_disks(tmp_path)
    assert output.status == FAIL and "cannot be written" in output.text


# Devices


def test_the_processor_is_named() -> None:
    check = only(doctor_checks.check_cpu())
    assert check.status == OK and "logical cores" in check.text and "bfloat16" in check.text


def without_torch(monkeypatch: Patch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "torch":
            raise ImportError("no torch")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.parametrize(("driver", "status"), [("/usr/bin/nvidia-smi", WARN), (None, OK)])
def test_without_torch_only_a_driver_is_worth_a_warning(
    monkeypatch: Patch, driver: str | None, status: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: driver)
    without_torch(monkeypatch)
    assert only(doctor_checks.check_gpus()).status == status


class PretendedTorch(SimpleNamespace):
    """As much of torch as the check of a GPU needs."""

    def __init__(self, total: Callable[[], float]) -> None:
        tensor = SimpleNamespace(sum=total)
        super().__init__(
            ones=lambda count, device: SimpleNamespace(mul=lambda factor: tensor),
            cuda=SimpleNamespace(get_arch_list=lambda: ["sm_80", "sm_90"]),
        )


GPU = {
    "device": "cuda:0",
    "name": "Some GPU",
    "memory_gb": 24.0,
    "capability": "8.6",
    "usable": True,
    "reason": "",
}


def test_a_gpu_that_computes_is_shown_with_memory_and_capability() -> None:
    check = doctor_checks._gpu(PretendedTorch(lambda: 2000.0), GPU)
    assert check.status == OK and check.name == "cuda:0"
    assert check.text == "Some GPU, 24.0 GB, compute capability 8.6, torch built for sm_80 sm_90"


def test_a_gpu_that_this_torch_does_not_support_is_a_failure_with_its_reason() -> None:
    check = doctor_checks._gpu(
        PretendedTorch(lambda: 2000.0), GPU | {"usable": False, "reason": "too old for it"}
    )
    assert check.status == FAIL and "too old for it" in check.text and "--device cpu" in check.remedy


def test_a_gpu_that_fails_or_miscalculates_is_a_failure() -> None:
    def fails() -> float:
        raise RuntimeError("CUDA error: no kernel image is available\nmore lines")

    check = doctor_checks._gpu(PretendedTorch(fails), GPU)
    assert check.status == FAIL and check.text.endswith("(CUDA error: no kernel image is available)")
    check = doctor_checks._gpu(PretendedTorch(lambda: 0.0), GPU)
    assert check.status == FAIL and "0.0 instead of 2000" in check.text


# Models and the trial


def test_a_missing_default_model_is_a_failure(user: Path) -> None:
    check = only(doctor_checks.check_models())
    assert check.status == FAIL and "humor-student" in check.text and "humor models import" in check.remedy
    assert list(doctor_checks.check_trial("cpu")) == []


def test_a_whole_model_shows_its_hash(default: Bundle) -> None:
    check = only(doctor_checks.check_models())
    assert check.status == OK and default.sha256 in check.text


def test_a_damaged_model_is_a_failure(default: Bundle) -> None:
    path = default.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert "damaged" in only(doctor_checks.check_models()).text
    path.unlink()
    check = only(doctor_checks.check_models())
    assert check.status == FAIL and "missing" in check.text


def test_a_trial_that_fails_says_why(default: Bundle) -> None:
    check = only(doctor_checks.check_trial("toaster"))
    assert check.status == FAIL and "toaster" in check.text


def test_an_engine_with_a_missing_part_is_a_failure(default: Bundle, monkeypatch: Patch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "humor.inference.segmenter", None)
    check = only(doctor_checks.check_trial("cpu"))
    assert check.status == FAIL and "cannot be loaded" in check.text


@pytest.mark.parametrize(
    ("value", "fallbacks", "status"),
    [(0.5, [], OK), (0.5, ["Smaller windows."], WARN), (np.nan, [], FAIL), (1.5, [], FAIL)],
)
def test_the_trials_result_is_judged(
    default: Bundle, monkeypatch: Patch, value: float, fallbacks: list[str], status: str
) -> None:
    class Pretended:
        def __init__(self, bundle: Bundle, device: str) -> None:
            assert bundle == default and device == "cpu"

        def run(self, case: Any, reporter: Any) -> Any:
            found = np.full((3, *case.image.shape[1:]), value, np.float32)
            return SimpleNamespace(probabilities=found, fallbacks=fallbacks, device="a stand-in")

    monkeypatch.setattr("humor.inference.segmenter.Segmenter", Pretended)
    check = only(doctor_checks.check_trial("cpu"))
    assert check.status == status and "64³ voxels on a stand-in" in check.text


def test_the_trials_case_is_a_case_as_studies_give() -> None:
    case = doctor_checks.trial_case()
    assert case.image.shape == (4, 64, 64, 64) and case.image.dtype == np.float32
    assert not case.image[:, ~case.brain].any() and case.image[:, case.brain].std() > 0.5
    grid = case.grid.to_working_axes()
    assert grid.same_as(Grid((64, 64, 64), case.grid.affine))


def test_the_shipped_default_model_passes_the_trial(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path))
    if not any((folder / DEFAULT_BUNDLE).is_dir() for folder in store.shipped_folders()):
        pytest.skip("this checkout ships no default model")
    check = only(doctor_checks.check_trial("cpu"))
    assert check.status == OK, check.text
