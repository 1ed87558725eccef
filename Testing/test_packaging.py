"""The list of packages in pyproject.toml is complete, and its folders exist."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
PACKAGES = set(re.findall(r'"([\w.]+)"', PROJECT.partition("\npackages = [")[2].partition("]")[0]))


def packages_in(folder: Path) -> set[str]:
    """Every folder of Python files under a package, as a package's name."""
    found = {path.parent.relative_to(folder.parent) for path in folder.rglob("*.py")}
    return {".".join(path.parts) for path in found}


def test_every_folder_with_code_is_installed() -> None:
    code = packages_in(REPOSITORY / "HUMoRSegment" / "humor") | packages_in(
        REPOSITORY / "Training/humor_training"
    )
    assert code <= PACKAGES
    assert PACKAGES - code == {"humor.bundles", "humor.sample_data"}


def test_every_package_says_what_it_is() -> None:
    for root in ("HUMoRSegment/humor", "Training/humor_training"):
        for folder in {path.parent for path in (REPOSITORY / root).rglob("*.py")}:
            start = folder / "__init__.py"
            assert start.exists() and start.read_text(encoding="utf-8").startswith('"""'), folder


def test_the_models_and_the_sample_study_are_there_to_be_installed() -> None:
    resources = REPOSITORY / "HUMoRSegment" / "Resources"
    assert list((resources / "Models").glob("*/bundle.json"))
    assert list((resources / "Sample").glob("*.nii.gz"))


def test_torch_is_pinned_in_one_place() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert len(re.findall(r"torch==", makefile)) == 1
    assert "torch==" not in PROJECT
