"""Imports go in the one allowed direction, and what should start quickly imports nothing heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ENGINE = REPOSITORY / "HUMoRSegment" / "humor"
SLICER_LAYER = REPOSITORY / "HUMoRSegment"
TRAINING = REPOSITORY / "Training" / "humor_training"

SLICER = {"slicer", "qt", "ctk", "vtk", "HUMoRSegment", "HUMoRSegmentLib"}
HEAVY = {"torch", "monai", "nibabel", "SimpleITK", "scipy", "openvino", "matplotlib", "safetensors"}

# Modules that every start and the Slicer window import.
LIGHT = [
    ENGINE / f"{name}.py" for name in ("sequences", "regions", "errors", "events", "routing", "pipeline")
]
LIGHT += sorted((ENGINE / "cli").glob("*.py"))


def imports(path: Path, everywhere: bool = True) -> Iterator[str]:
    """Whole names of what a file imports; with ``everywhere`` also inside functions and type checks.

    Relative imports are named as if the engine's folder held the only package there is.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    nodes = ast.walk(tree) if everywhere else iter(_at_import(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def _at_import(tree: ast.Module | ast.If | ast.Try) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _at_import(node)


def roots(path: Path, everywhere: bool = True) -> set[str]:
    return {name.partition(".")[0] for name in imports(path, everywhere)}


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_the_engine_knows_neither_slicer_nor_the_training_code() -> None:
    files = python_files(ENGINE)
    assert len(files) > 20
    forbidden = SLICER | {"humor_training"}
    found = {str(path.relative_to(REPOSITORY)): roots(path) & forbidden for path in files}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_training_code_does_not_know_slicer() -> None:
    found = {str(path.relative_to(REPOSITORY)): roots(path) & SLICER for path in python_files(TRAINING)}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_slicer_layer_never_imports_torch_or_the_training_code() -> None:
    files = [path for path in python_files(SLICER_LAYER) if ENGINE not in path.parents]
    forbidden = {"torch", "monai", "humor_training"}
    assert {str(path): roots(path) & forbidden for path in files if roots(path) & forbidden} == {}


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: str(path.relative_to(ENGINE)))
def test_a_light_module_imports_nothing_heavy_when_it_is_imported(path: Path) -> None:
    assert roots(path, everywhere=False) & HEAVY == set()


def test_importing_all_light_modules_loads_nothing_heavy() -> None:
    names = [".".join(path.relative_to(ENGINE.parent).with_suffix("").parts) for path in LIGHT]
    assert loaded_by("; ".join(f"import {name}" for name in names)) & HEAVY == set()


def test_the_check_in_a_child_process_notices_what_is_loaded() -> None:
    assert "nibabel" in loaded_by("import nibabel")


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a new Python has loaded after ``code``."""
    environment = {**os.environ, "PYTHONPATH": str(ENGINE.parent)}
    show = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", f"{code}\n{show}"]
    return set(
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    )


def test_nothing_uses_pickle() -> None:
    files = [*python_files(ENGINE), *python_files(TRAINING)]
    assert [str(path) for path in files if roots(path) & {"pickle", "dill", "joblib", "shelve"}] == []


def test_no_folder_of_the_engine_is_in_a_circle() -> None:
    """Imports inside functions count; those for types alone do not."""
    edges: dict[str, set[str]] = {}
    for path in python_files(ENGINE):
        own, *_ = path.relative_to(ENGINE).with_suffix("").parts
        edges.setdefault(own, set()).update(part for part in own_parts(path) if part != own)
    assert len(edges) > 15 and edges["pipeline"] >= {"study", "inference", "output"}
    list(TopologicalSorter(edges).static_order())  # raises CycleError, which shows the circle


def own_parts(path: Path) -> Iterator[str]:
    """The folders and modules at the engine's top that a file imports anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    place = path.relative_to(ENGINE).parent.parts
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or id(node) in for_types:
            continue
        if node.level:
            base = [*place[: len(place) - node.level + 1], *(node.module.split(".") if node.module else [])]
        elif node.module and node.module.split(".")[0] == "humor":
            base = node.module.split(".")[1:]
        else:
            continue
        for alias in node.names:
            part = (base or [alias.name])[0]
            if (ENGINE / part).is_dir() or (ENGINE / f"{part}.py").is_file():
                yield part
