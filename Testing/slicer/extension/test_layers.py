"""What the Slicer layer imports: nothing heavy, nothing that Slicer may lack, and only what lies below."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from extension_files import MODULE

LAYER = MODULE / "HUMoRSegmentLib"
ENGINE = MODULE / "humor"
IN_SLICER = {"slicer", "vtk", "vtkmodules", "qt", "ctk", "numpy", "SimpleITK"}
OURS = {"humor", "HUMoRSegmentLib", "HUMoRSegment"}
# What the engine needs and Slicer lacks before the first installation, and what is slow to load.
NOT_AT_START = {
    *("torch", "monai", "nibabel", "nrrd", "openvino", "psutil", "isal", "safetensors", "matplotlib"),
    *("lightning", "humor_training", "ray"),
}
# From the lowest; as HUMoRSegmentLib's own docstring says. What shares a line knows nothing of each other.
ORDER = (
    {"adapter"},
    {"options"},
    {"parameters"},
    {"scene", "run"},
    {"inputs", "routing"},
    {"result"},
    {"logic"},
    {"panel"},
    {"tests_in_slicer"},
)
# Never anywhere in the layer: the engine's child process has them.
NEVER = {"torch", "monai", "openvino", "humor_training"}

FILES = [
    MODULE / "HUMoRSegment.py",
    *sorted(LAYER.rglob("*.py")),
    *sorted((MODULE / "Scripts").rglob("*.py")),
]
FILES = [path for path in FILES if path.exists()]


def at_file_scope(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run when the file is imported, also those in ``if``, ``try`` and classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        else:
            yield from at_file_scope(node)


def whole_names(path: Path, nodes: Iterator[ast.Import | ast.ImportFrom]) -> set[str]:
    """Whole names of the imported modules; relative ones with their package's name before them."""
    package = path.relative_to(MODULE).parent.parts
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = [*above, *([node.module] if node.module else [])]
            names.add(".".join(base))
    return names


def modules_of_the_layer(path: Path) -> set[str]:
    """The modules of the layer that a file imports anywhere, as in ``scene.geometry`` or ``logic``."""
    package, found = path.relative_to(LAYER).parent.parts, set()
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
        place = LAYER.joinpath(*filter(None, base))
        for alias in node.names:
            inside = place / f"{alias.name}.py"
            target = inside if inside.is_file() else place.with_suffix(".py")
            found.add(".".join(target.relative_to(LAYER).with_suffix("").parts))
    return found


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(MODULE).as_posix())
def test_at_file_scope_the_slicer_layer_imports_only_what_every_slicer_has(path: Path) -> None:
    found = roots(whole_names(path, at_file_scope(parsed(path))))
    beside = {other.stem for other in path.parent.glob("*.py")}  # scripts import each other by name
    assert found - set(sys.stdlib_module_names) - IN_SLICER - OURS - beside == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(MODULE).as_posix())
def test_the_slicer_layer_imports_torch_and_its_kind_nowhere(path: Path) -> None:
    nodes = (node for node in ast.walk(parsed(path)) if isinstance(node, (ast.Import, ast.ImportFrom)))
    assert roots(whole_names(path, nodes)) & NEVER == set()


@pytest.mark.parametrize(
    "path", sorted(LAYER.rglob("[a-z]*.py")), ids=lambda path: path.relative_to(LAYER).as_posix()
)
def test_every_module_imports_only_what_lies_below_it(path: Path) -> None:
    rank = {name: number for number, names in enumerate(ORDER) for name in names}
    own = path.relative_to(LAYER).with_suffix("").parts[0]
    others = {name.partition(".")[0] for name in modules_of_the_layer(path)} - {own}
    assert {name for name in others if rank[name] >= rank[own]} == set()


def test_no_modules_of_the_layer_import_each_other_in_a_circle() -> None:
    files = {
        ".".join(path.relative_to(LAYER).with_suffix("").parts): path for path in LAYER.rglob("[a-z]*.py")
    }
    assert len(files) > 30
    left = {name: modules_of_the_layer(path) for name, path in files.items()}
    while free := {name for name, needed in left.items() if not needed & set(left)}:
        left = {name: needed for name, needed in left.items() if name not in free}
    assert left == {}


def test_the_engine_never_imports_slicer_or_qt() -> None:
    forbidden = IN_SLICER - {"numpy", "SimpleITK"} | {"HUMoRSegmentLib", "HUMoRSegment", "PySide6"}
    found = {}
    for path in sorted(ENGINE.rglob("*.py")):
        nodes = (node for node in ast.walk(parsed(path)) if isinstance(node, (ast.Import, ast.ImportFrom)))
        if used := roots(whole_names(path, nodes)) & forbidden:
            found[path.relative_to(MODULE).as_posix()] = used
    assert found == {}


def test_the_engine_modules_that_the_slicer_layer_loads_at_start_load_nothing_heavy() -> None:
    """In a new Python: what is imported at file scope from the engine, with all that follows from it."""
    names = {name for path in FILES for name in whole_names(path, at_file_scope(parsed(path)))}
    engine = sorted(name for name in names if name.partition(".")[0] == "humor")
    assert engine
    assert loaded_by(engine) & NOT_AT_START == set()


def test_the_check_of_loaded_modules_notices_a_heavy_one() -> None:
    assert "nibabel" in loaded_by(["nibabel"])


def loaded_by(names: list[str]) -> set[str]:
    """Top-level modules that a new Python has after importing these."""
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    environment = {**os.environ, "PYTHONPATH": str(MODULE)}
    done = subprocess.run(
        [sys.executable, "-c", code, *names], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import slicer\ndef f():\n    import torch", {"slicer"}),
        ("try:\n    import nibabel\nexcept ImportError:\n    pass", {"nibabel"}),
        ("class A:\n    import vtk", {"vtk"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", {"typing"}),
        ("from ..scene import references", {"HUMoRSegmentLib.scene"}),
    ],
)
def test_imports_at_file_scope_are_told_from_those_inside_functions(code: str, expected: set[str]) -> None:
    path = LAYER / "panel" / "made_up.py"
    assert whole_names(path, at_file_scope(ast.parse(code))) == expected
