"""Inside the training code, imports go downwards: the package's docstring says the order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import humor_training

PACKAGE = Path(humor_training.__path__[0])
RANKS = {
    name: int(line[1])
    for line in re.finditer(r"^(\d+)\. ((?:``\w+``(?:, )?)+)", humor_training.__doc__ or "", re.MULTILINE)
    for name in re.findall(r"``(\w+)``", line[2])
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """What a file imports of the package, anywhere in it, as parts below the package."""
    place = list(path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = place[: len(place) - node.level + 1]
            module = (*base, *(node.module.split(".") if node.module else ()))
            yield from ((*module, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            root = node.module.partition(".")[0]
            assert root != "humor_training", f"{path}: imports of one's own package are relative"


def test_the_docstring_orders_everything_that_there_is() -> None:
    there = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/*.py")
    }
    assert set(RANKS) == there - {"__init__", "__main__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_downwards(path: Path) -> None:
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    if own == "__main__":
        return
    for parts in imported(path):
        if parts[0] not in (own, "__init__") and parts[0] in RANKS:
            assert RANKS[parts[0]] <= RANKS[own], f"{path} imports {'.'.join(parts)}"


def test_no_module_is_in_a_circle() -> None:
    modules = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in FILES}
    edges = {
        name: {found for found in _modules(path, modules) if found != name} for name, path in modules.items()
    }
    done: set[tuple[str, ...]] = set()
    while free := {name for name in edges if name not in done and edges[name] <= done}:
        done |= free
    assert set(edges) - done == set()


def _modules(path: Path, modules: dict[tuple[str, ...], Path]) -> Iterator[tuple[str, ...]]:
    for parts in imported(path):
        for found in (parts, parts[:-1], (*parts[:-1], "__init__")):
            if found in modules:
                yield found
                break
