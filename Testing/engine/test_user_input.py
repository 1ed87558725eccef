"""Whatever path somebody gives, asking about it never raises."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest

from humor.user_input import absence, home, whole_number

ENGINE = Path(__file__).resolve().parents[2] / "HUMoRSegment" / "humor"
RAISING = {"is_file", "is_dir", "exists", "is_symlink", "expanduser"}


def test_absence_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert absence(tmp_path / "nowhere") == "does not exist"
    assert absence(tmp_path / "file" / "below") == "does not exist"
    assert "cannot be reached" in absence(tmp_path / ("x" * 300))
    assert "cannot be reached" in absence(Path("a\0b"))


@pytest.mark.skipif(sys.platform == "win32", reason="makes a link and a pipe")
def test_absence_of_loops_and_pipes(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    assert "cannot be reached" in absence(tmp_path / "loop")
    assert absence(tmp_path / "pipe") == "is neither a file nor a folder"


def test_home_of_nobody_is_a_name() -> None:
    assert home("~nosuch/x") == Path("~nosuch/x")
    assert home("~") == Path(os.path.expanduser("~"))


def test_the_engine_asks_in_ways_that_do_not_raise() -> None:
    """``Path.is_file`` raises for long names and closed folders (before Python 3.14), ``os.path`` never."""
    found = [
        f"{path.relative_to(ENGINE)}:{node.lineno}: {node.attr}"
        for path in ENGINE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in RAISING
        and not ast.unparse(node.value).startswith("os.path")
    ]
    assert not found


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("96", 96), ("007", 7), ("-3", -3)])
def test_numbers(text: str, number: int) -> None:
    assert whole_number(text, -10, 100) == number


@pytest.mark.parametrize(
    "text", ["", "９６", "²", "1e2", "1_000", " 1", "+1", "0x10", "101", "-11", "1" * 5000, "nan", "1.0"]
)
def test_no_numbers(text: str) -> None:
    assert whole_number(text, -10, 100) is None
