from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from humor.bundle.bundle import load_bundle
from humor.bundle.store import find_bundle
from humor.errors import HumorError
from HUMoRSegmentLib import adapter
from HUMoRSegmentLib.run import installation

LIST = """\
# what segmenting needs
numpy>=1.24
openvino>=2024.4  # the student
nibabel>=5.2
scipy>=1.10
winonly>=1 ; sys_platform == "nothing"
torch>=2.4
monai>=1.4
"""
VERSIONS = {"numpy": "2.0.1", "nibabel": "4.0.2"}


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What pip has installed, in place of what it really has; scipy is there without pip's knowledge."""
    installed = dict(VERSIONS)

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    (tmp_path / "requirements.txt").write_text(LIST)
    monkeypatch.setattr(installation, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(metadata, "version", version)
    real = importlib.util.find_spec
    here = {"scipy"}
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, package=None: real("scipy") if name in installed or name in here else None,
    )
    return installed


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> list[Any]:
    """What was asked of the adapter; both installers succeed."""
    calls: list[Any] = []

    def torch(version: str) -> None:
        calls.append(("torch", version))
        versions["torch"] = "2.6.0+cu124"

    def pip(requirements: list[str], keep: list[str]) -> None:
        calls.append(("pip", requirements, keep))
        versions.update({entry.split(">=")[0]: "9999" for entry in requirements})

    monkeypatch.setattr(adapter, "install_torch", torch)
    monkeypatch.setattr(adapter, "pip_install", pip)
    return calls


def test_absent_and_outdated_packages_are_missing(versions: dict[str, str]) -> None:
    assert installation.missing(False) == ["openvino>=2024.4", "nibabel>=5.2"]
    assert installation.missing(True) == ["openvino>=2024.4", "nibabel>=5.2", "torch>=2.4", "monai>=1.4"]


def test_a_build_for_cuda_satisfies_the_lower_bound(versions: dict[str, str]) -> None:
    versions["torch"] = "2.6.0+cu124"
    assert "torch>=2.4" not in installation.missing(True)


def test_what_slicer_brings_without_a_proper_version_is_left_as_it_is(versions: dict[str, str]) -> None:
    versions["numpy"] = "of Slicer"
    assert "numpy>=1.24" not in installation.missing(False)


def test_the_question_names_packages_source_and_size(versions: dict[str, str]) -> None:
    text = installation.question(["openvino>=2024.4", "nibabel>=5.2"])
    for words in ("openvino, nibabel", "pypi.org", "64 MB", "never leave this computer", "Install them now?"):
        assert words in " ".join(text.split())
    assert "PyTorch" not in text
    assert "segment" in text
    with_torch = installation.question(["torch>=2.4", "monai>=1.4"])
    assert "PyTorch extension" in with_torch and "3 GB" in with_torch


def test_torch_is_installed_by_the_extension_and_then_kept(done: list[Any]) -> None:
    installation.install(installation.missing(True))
    assert done == [
        ("torch", ">=2.4"),
        ("pip", ["openvino>=2024.4", "nibabel>=5.2", "monai>=1.4"], ["torch"]),
    ]
    assert installation.missing(True) == []


def test_without_need_torch_is_left_alone(done: list[Any]) -> None:
    installation.install(installation.missing(False))
    assert done == [("pip", ["openvino>=2024.4", "nibabel>=5.2"], [])]


def test_a_failure_tells_how_to_do_it_by_hand_without_a_network(
    versions: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(requirements: list[str], keep: list[str]) -> None:
        raise RuntimeError("pip exited with 1")

    monkeypatch.setattr(adapter, "pip_install", offline)
    with pytest.raises(HumorError) as caught:
        installation.install(["openvino>=2024.4"])
    for words in ("pip exited with 1", "pip download", "--no-index --find-links", '"openvino>=2024.4"'):
        assert words in str(caught.value)


def test_what_is_not_there_after_a_quiet_failure_is_named(
    versions: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "pip_install", lambda requirements, keep: None)
    with pytest.raises(HumorError, match=r"openvino>=2024\.4 was still missing"):
        installation.install(["openvino>=2024.4"])


def test_a_missing_pytorch_extension_is_said_as_it_is(versions: dict[str, str]) -> None:
    with pytest.raises(HumorError, match="Extensions Manager"):
        installation.install(["torch>=2.4"])


@pytest.mark.parametrize(
    ("graph", "device", "torch_is_there", "needed"),
    [
        (True, "cpu", True, False),
        (True, "auto", False, False),
        (True, "auto", True, True),
        (True, "cuda:1", False, True),
        (True, "mps", False, True),
        (False, "cpu", False, True),
        (False, "auto", False, True),
    ],
)
def test_only_gpus_and_models_without_graph_need_torch(
    versions: dict[str, str], graph: bool, device: str, torch_is_there: bool, needed: bool
) -> None:
    if torch_is_there:
        versions["torch"] = "2.6"
    bundle: Any = SimpleNamespace(manifest=SimpleNamespace(graph={"xml": "x"} if graph else {}))
    assert installation.needs_torch(bundle, device) is needed


def test_the_default_model_needs_no_torch_on_a_cpu() -> None:
    assert installation.needs_torch(load_bundle(find_bundle()), "cpu") is False


def test_the_modules_own_list_is_met_where_the_engine_runs() -> None:
    assert {entry.name for entry in installation.read_requirements()} >= {
        "openvino",
        "nibabel",
        "torch",
        "monai",
    }
    assert installation.missing(False) == []


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("openvino >>> 3")
    with pytest.raises(HumorError, match=r"list\.txt cannot be read"):
        installation.read_requirements(tmp_path / "list.txt")
    with pytest.raises(HumorError, match=r"gone\.txt cannot be read"):
        installation.read_requirements(tmp_path / "gone.txt")
