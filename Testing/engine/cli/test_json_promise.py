"""With --json stdout holds lines of JSON and nothing else, whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from humor.cli.main import COMMANDS, main

Start = Callable[..., "subprocess.Popen[str]"]
WRONG = [
    *([command, "--json", "--nonsense"] for command in COMMANDS),
    *([command, "--js", "--nonsense"] for command in COMMANDS),
    ["--json"],
    ["--j", "nonsense"],
    ["nonsense", "--json"],
    ["segment", "--json=yes"],
    ["segment", "x", "-o", "out", "--channels", "t1,t1", "--json"],
    ["segment", "x", "-o", "out", "--channels", "swi", "--jso"],
    ["segment", "no\x1b[2Jwhere", "-o", "out", "--json"],
    ["inspect", "--json"],
    ["models", "--json", "nonsense"],
    ["models", "verify", "--json", "a", "b"],
    ["batch", "--json", "nowhere", "-o", "out", "--workers", "0"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_every_error_is_a_line_of_json(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(arguments)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code in (1, 2)
    assert events[-1]["kind"] == "error" and events[-1]["data"]["exit_code"] == code
    assert list(tmp_path.iterdir()) == []


def test_a_file_called_json_behind_two_hyphens_asks_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", "-o", "out", "--nonsense", "--", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "nonsense" in shown.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows hands closed streams on in other ways")
@pytest.mark.parametrize("arguments", [["inspect", "."], ["models"], ["segment", "x", "-o", "out"]])
def test_a_closed_stdout_is_an_error_and_no_traceback(
    arguments: list[str], tmp_path: Path, start: Start
) -> None:
    process = start("-m", "humor", *arguments, "--json", cwd=tmp_path, preexec_fn=lambda: os.close(1))
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "stdout is closed" in errors and "Traceback" not in errors and "Exception ignored" not in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full disk to try")
@pytest.mark.parametrize(
    "arguments", [["inspect", "."], ["inspect", ".", "--json"], ["models"], ["models", "--json"]]
)
def test_a_full_disk_behind_stdout_is_an_error_and_no_traceback(
    arguments: list[str], tmp_path: Path, start: Start
) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "humor", *arguments]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=60
        )
    assert done.returncode == 1
    assert "written" in done.stderr and "Traceback" not in done.stderr and "Unexpected" not in done.stderr


def test_names_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", str(tmp_path / "no\x1b[2J\x07where"), "-o", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().err
    assert "\x1b" not in shown and "\x07" not in shown and "no\\x1b[2J\\x07where" in shown
