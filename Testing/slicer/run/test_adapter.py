from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import slicer
from run.processes import program

from humor.errors import HumorError
from HUMoRSegmentLib import adapter


@pytest.mark.skipif(sys.platform == "win32", reason="makes a shell script")
def test_slicers_python_is_found_on_the_path_before_any_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Path(program(tmp_path, "")).rename(tmp_path / "PythonSlicer")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert adapter.python_executable() == str(made)


def test_outside_slicer_it_is_this_python_but_never_slicers_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert adapter.python_executable() == sys.executable
    monkeypatch.setattr(sys, "executable", "/opt/Slicer/bin/SlicerApp-real")
    with pytest.raises(HumorError, match="PythonSlicer"):
        adapter.python_executable()


def test_the_child_gets_our_environment_and_the_engine_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "of-slicer")
    environment = adapter.child_environment()
    assert environment["PYTHONPATH"] == f"{adapter.MODULE_FOLDER}{os.pathsep}elsewhere"
    assert environment["LD_LIBRARY_PATH"] == "of-slicer"
    assert environment["PYTHONIOENCODING"] == "utf-8" and environment["PYTHONUNBUFFERED"] == "1"
    assert (adapter.MODULE_FOLDER / "humor" / "__main__.py").is_file()


def test_torch_comes_through_the_pytorch_extension_without_a_second_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, Any] = {}
    extension: Any = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = lambda: SimpleNamespace(
        installTorch=lambda **options: asked.update(options)
    )
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    adapter.install_torch(">=2.4")
    assert asked == {"askConfirmation": False, "torchVersionRequirement": ">=2.4"}


def test_without_the_pytorch_extension_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(HumorError, match="Extensions Manager"):
        adapter.install_torch(">=2.4")


def test_slicer_5_12_installs_through_its_packaging_module(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    packaging: Any = ModuleType("slicer.packaging")
    packaging.pip_ensure = lambda requirements, **options: calls.append((requirements, options))
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(slicer, "packaging", packaging, raising=False)
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None, raising=False)
    adapter.pip_install(["monai>=1.4"], ["torch"])
    adapter.pip_install(["nibabel>=5.2"])
    (first, first_options), (second, second_options) = calls
    assert (first, second) == (["monai>=1.4"], ["nibabel>=5.2"])
    assert (first_options["skip_packages"], second_options["skip_packages"]) == (["torch"], None)
    assert first_options["prompt_install"] is False and first_options["requester"] == "HUMoR"


def test_slicer_5_10_installs_through_its_util_and_keeps_torch_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Any] = []
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    monkeypatch.delattr(slicer, "packaging", raising=False)
    monkeypatch.setattr(slicer.util, "pip_install", calls.append)
    monkeypatch.setattr(metadata, "version", {"torch": "2.6.0+cu124"}.__getitem__)
    adapter.pip_install(["monai>=1.4"], ["torch"])
    adapter.pip_install(["nibabel>=5.2"])
    assert calls == [["monai>=1.4", "torch==2.6.0+cu124"], ["nibabel>=5.2"]]


def test_leaving_gives_slicer_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    options = SimpleNamespace(runPythonAndExit=True)
    application = SimpleNamespace(exit=given.append, commandOptions=lambda: options)
    monkeypatch.setattr(slicer, "app", application)
    adapter.leave(1)
    assert given == [1] and options.runPythonAndExit is False
    monkeypatch.setattr(slicer, "app", SimpleNamespace())
    with pytest.raises(SystemExit) as ended:
        adapter.leave(2)
    assert ended.value.code == 2
