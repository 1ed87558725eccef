"""Every translated text is a literal, as the tools that collect texts for translators need it."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from extension_files import MODULE

FILES = [MODULE / "HUMoRSegment.py", *sorted((MODULE / "HUMoRSegmentLib").rglob("*.py"))]


def texts(tree: ast.AST) -> Iterator[ast.expr]:
    """What is given to ``_``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            yield from node.args


def faults(code: str) -> list[str]:
    """Texts that nobody could collect, or whose translators could not move the placeholders."""
    found = []
    for text in texts(ast.parse(code)):
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            found.append(f"line {text.lineno}: not a literal")
        elif any(name is not None and not name for _, name, _, _ in string.Formatter().parse(text.value)):
            found.append(f"line {text.lineno}: a placeholder without a name")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(MODULE).as_posix())
def test_translated_texts_are_literals_with_named_placeholders(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("code", ['_(f"{a} ml")', "_(name)", '_("{} ml")', '_("a" + b)'])
def test_what_could_not_be_translated_is_noticed(code: str) -> None:
    assert len(faults(code)) == 1
