from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from humor.bundle import store
from humor.bundle.bundle import Bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, empty; nothing is shipped."""
    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path / "user"))
    monkeypatch.setattr(store, "shipped_folders", lambda: [])
    return tmp_path / "user"


@pytest.fixture
def small(user: Path) -> Bundle:
    """A small model in the user's folder."""
    manifest = Manifest("small", "A small model", "student", {"name": "humor_student_pyramid"})
    return save_bundle(user / "small", manifest, {"x": np.zeros(4)})


def result(capsys: Capture) -> dict[str, Any]:
    """The data of the only event on stdout."""
    (line,) = capsys.readouterr().out.splitlines()
    event = json.loads(line)
    assert event["kind"] == "result"
    data: dict[str, Any] = event["data"]
    return data


def damage(bundle: Bundle) -> None:
    path = bundle.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def test_without_an_action_models_are_listed(small: Bundle, capsys: Capture) -> None:
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out == shown
    head, row = shown.splitlines()
    assert head.split() == ["NAME", "KIND", "VERSION", "SIZE", "FROM", "TITLE"]
    assert row.split()[:2] == ["small", "student"] and "imported" in row and row.endswith("A small model")


def test_an_empty_list_says_how_to_get_a_model(user: Path, capsys: Capture) -> None:
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert "humor models import" in shown and str(user) in shown


@pytest.mark.parametrize(
    "call", [["models", "list", "--json"], ["models", "--json", "list"], ["models", "--json"]]
)
def test_the_list_is_one_event_with_json(small: Bundle, capsys: Capture, call: list[str]) -> None:
    assert main(call) == 0
    (facts,) = result(capsys)["models"]
    assert facts["name"] == "small" and facts["sha256"] == small.sha256 and facts["problem"] is None


def test_a_broken_model_does_not_spoil_the_list(small: Bundle, capsys: Capture) -> None:
    (small.folder / "bundle.json").write_text("{}")
    assert main(["models"]) == 0
    assert "NOT USABLE" in capsys.readouterr().out


def test_show_prints_the_card(small: Bundle, capsys: Capture) -> None:
    assert main(["models", "show", "small"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# A small model") and small.sha256 in shown
    assert main(["models", "show", "small", "--json"]) == 0
    assert result(capsys)["manifest"]["title"] == "A small model"


def test_show_of_an_unknown_model_is_one_sentence(small: Bundle, capsys: Capture) -> None:
    assert main(["models", "show", "smal"]) == 1
    shown = capsys.readouterr()
    assert shown.out == "" and "Did you mean 'small'?" in shown.err


def test_verify_finds_damage(small: Bundle, capsys: Capture) -> None:
    assert main(["models", "verify"]) == main(["models", "verify", "small"]) == 0
    assert capsys.readouterr().out.count("ok ") == 2
    damage(small)
    assert main(["models", "verify"]) == main(["models", "verify", "small"]) == 1
    assert capsys.readouterr().out.count("model.safetensors is damaged") == 2
    assert main(["models", "verify", "--json"]) == 1
    data = result(capsys)
    assert data["ok"] is False and "damaged" in data["models"][0]["problem"]


def test_verify_finds_a_model_that_cannot_be_opened(small: Bundle, capsys: Capture) -> None:
    (small.folder / "model.safetensors").unlink()
    assert main(["models", "verify"]) == 1
    assert "model.safetensors" in capsys.readouterr().out


def test_a_model_can_be_carried_to_another_machine(
    small: Bundle, user: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = str(tmp_path / "small.zip")
    assert main(["models", "export", "small", packed]) == 0
    assert small.sha256 in capsys.readouterr().out
    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path / "elsewhere"))
    assert main(["models", "import", packed]) == 0
    assert small.sha256 in capsys.readouterr().out
    assert main(["models", "import", packed]) == 1
    assert "--replace" in capsys.readouterr().err
    assert main(["models", "import", packed, "--replace", "--json"]) == 0
    assert result(capsys)["folder"] == str(tmp_path / "elsewhere" / "small")
    assert main(["models", "remove", "small"]) == 0
    assert not (tmp_path / "elsewhere" / "small").exists() and small.folder.is_dir()


def test_export_to_another_kind_of_file_is_wrong_usage(
    small: Bundle, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["models", "export", "small", str(tmp_path / "small.nii")]) == 2
    assert ".zip" in capsys.readouterr().err


def test_failures_are_events_with_json(user: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["models", "import", str(tmp_path / "absent.zip"), "--json"]) == 1
    event = json.loads(capsys.readouterr().out)
    assert event["kind"] == "error" and event["data"]["type"] == "BundleError"


def test_where_names_the_users_folder(user: Path, capsys: Capture) -> None:
    assert main(["models", "where"]) == 0
    assert str(user) in capsys.readouterr().out


@pytest.mark.parametrize("call", [["models", "shwo"], ["models", "export", "small"], ["models", "remove"]])
def test_wrong_usage_is_2(user: Path, capsys: Capture, call: list[str]) -> None:
    assert main(call) == 2
    assert "--help" in capsys.readouterr().err


def test_debug_may_stand_after_the_action(user: Path, capsys: Capture) -> None:
    assert main(["models", "show", "absent", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_list_loads_nothing_heavy(
    small: Bundle, start: Callable[..., subprocess.Popen[str]], user: Path
) -> None:
    process = start("-X", "importtime", "-m", "humor", "models", "verify")
    imported = {line.rpartition("|")[2].strip() for line in process.communicate()[1].splitlines()}
    assert process.returncode == 0 and "humor.bundle.bundle" in imported
    assert not imported & {"torch", "monai", "nibabel", "SimpleITK", "scipy", "openvino", "matplotlib"}
