from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import humor
from humor.cli import main as command_line
from humor.cli.main import COMMANDS, main
from humor.errors import InputError

HELP_SECONDS = 0.3


def pretend(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    """Make ``humor sample`` fail in a chosen way."""

    def fail(arguments: object) -> int:
        raise failure

    real = command_line.import_module
    fake = SimpleNamespace(add_parser=real("humor.cli.sample").add_parser, run=fail)
    monkeypatch.setattr(command_line, "import_module", lambda name, package: fake)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "segment" in capsys.readouterr().out


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"humor {humor.__version__}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_own_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"humor {command}" in capsys.readouterr().out


def test_unknown_command_and_option_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segmnet"]) == 2
    assert main(["sample", "somewhere", "--sed", "3"]) == 2
    shown = capsys.readouterr()
    assert "segmnet" in shown.err and "--sed" in shown.err and shown.out == ""


def test_wrong_usage_is_an_event_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", "--json"]) == 2
    event = json.loads(capsys.readouterr().out)
    assert event["kind"] == "error" and event["data"] == {"type": "UsageError", "exit_code": 2}


def test_help_is_quick_and_loads_nothing_heavy(start: Callable[..., subprocess.Popen[str]]) -> None:
    quickest = float("inf")
    for _ in range(5):  # the quickest of a few: other programs may be busy
        begin = time.perf_counter()
        process = start("-m", "humor", "--help")
        process.communicate()
        quickest = min(quickest, time.perf_counter() - begin)
        assert process.returncode == 0
    assert quickest < HELP_SECONDS
    process = start("-X", "importtime", "-m", "humor", "--help")
    imported = {line.rpartition("|")[2].strip() for line in process.communicate()[1].splitlines()}
    assert "humor.cli.main" in imported
    assert not imported & {
        "numpy",
        "torch",
        "monai",
        "nibabel",
        "SimpleITK",
        "scipy",
        "openvino",
        "matplotlib",
    }


def test_expected_failure_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, InputError("t1.nii is empty."))
    assert main(["sample", "x"]) == 1
    assert capsys.readouterr().err == "humor: t1.nii is empty.\n"


def test_unexpected_failure_is_short_and_its_traceback_is_saved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pretend(monkeypatch, KeyError("odd"))
    assert main(["sample", "x"]) == 1
    shown = capsys.readouterr().err
    (saved,) = tmp_path.iterdir()
    assert "KeyError: 'odd'" in shown and "Traceback" not in shown and str(saved) in shown
    assert "Traceback" in saved.read_text() and "raise failure" in saved.read_text()


def test_debug_shows_the_traceback_and_saves_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pretend(monkeypatch, KeyError("odd"))
    assert main(["sample", "x", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_interrupt_is_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, KeyboardInterrupt())
    assert main(["sample", "x"]) == 130
    assert capsys.readouterr().err == "humor: Cancelled.\n"


def test_a_reader_who_has_gone_gets_no_traceback(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("-m", "humor", "--help")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read() and "Exception ignored" not in process.stderr.read()
    process.wait()


def test_a_busy_thread_does_not_hold_up_the_end(start: Callable[..., subprocess.Popen[str]]) -> None:
    code = (
        "import sys, threading, time\n"
        "threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "from humor.cli.main import main\n"
        "sys.argv = ['humor', 'nonsense']\n"
        "main()\n"
    )
    begin = time.perf_counter()
    process = start("-c", code)
    errors = process.communicate()[1]
    assert process.returncode == 2 and "nonsense" in errors
    assert time.perf_counter() - begin < 15


def test_python_m_humor_is_the_same_command(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("-m", "humor", "--version")
    assert process.communicate()[0].strip() == f"humor {humor.__version__}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["segment", ".", "-o", ""],
        ["segment", "", "-o", "out"],
        ["segment", "--flair", "", "-o", "out"],
        ["batch", ".", "-o", ""],
        ["inspect", ""],
        ["sample", ""],
        ["models", "import", ""],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_no_path(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A variable of the shell that was not set must not be the current folder."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert "the path is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
