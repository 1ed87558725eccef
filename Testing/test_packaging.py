"""What is installed: every package, the models, the sample study."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOTS = {"humor": "HUMoRSegment/humor", "humor_training": "Training/humor_training"}
RESOURCES = REPOSITORY / "HUMoRSegment" / "Resources"


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of what a wheel would hold, built from a copy so that nothing is left here."""
    copy, out = tmp_path_factory.mktemp("source") / "copy", tmp_path_factory.mktemp("built")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).symlink_to(REPOSITORY / name)
    # The step of a wheel's building that chooses the files; zipping 60 MB of them would tell no more.
    command = [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", str(out)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def test_all_code_is_installed(inside: set[str]) -> None:
    for package, root in ROOTS.items():
        folder = REPOSITORY / root
        code = {f"{package}/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.py")}
        assert len(code) > 20
        found = {name for name in inside if name.startswith(f"{package}/") and name.endswith(".py")}
        assert found == code


def test_models_sample_recipes_and_types_are_installed(inside: set[str]) -> None:
    for package, folder in (("humor/bundles", "Models"), ("humor/sample_data", "Sample")):
        files = [path for path in (RESOURCES / folder).rglob("*") if path.is_file()]
        assert len(files) >= 4
        assert {f"{package}/{path.relative_to(RESOURCES / folder).as_posix()}" for path in files} <= inside
    assert any(re.fullmatch(r"humor_training/recipes/\w+\.yaml", name) for name in inside)
    assert "humor/py.typed" in inside


def test_every_package_says_what_it_is() -> None:
    for root in ROOTS.values():
        for folder in {path.parent for path in (REPOSITORY / root).rglob("*.py")}:
            start = folder / "__init__.py"
            assert start.exists() and start.read_text(encoding="utf-8").startswith('"""'), folder


def test_torch_is_pinned_in_one_place() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert len(re.findall(r"torch==", makefile)) == 1
    assert "torch==" not in (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
