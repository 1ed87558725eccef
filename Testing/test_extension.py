"""The Slicer extension: every file is packaged, its descriptions agree, its requirements are the engine's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

import draw_icon
import extension_files
from extension_files import CMAKE, MODULE, REPOSITORY, RESOURCES, SCRIPTS

NAME = "HUMoR"
MAX_CHECKOUT_BYTES = 100 << 20  # what the extension index accepts
CATALOGUE_KEYS = {
    *("$schema", "category", "scm_url", "scm_revision", "scm_type", "build_dependencies"),
    *("build_subdirectory", "enabled", "tier"),
}


def cmake() -> dict[str, str]:
    """What the extension's CMakeLists.txt says about it."""
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    facts = dict(re.findall(r'^set\(EXTENSION_(\w+) "(.*)"\)$', text, re.MULTILINE))
    return {**facts, "PROJECT": re.findall(r"^project\((\w+)\)$", text, re.MULTILINE)[0]}


def s4ext() -> dict[str, str]:
    lines = (REPOSITORY / f"{NAME}.s4ext").read_text(encoding="utf-8").splitlines()
    entries = [line.partition(" ") for line in lines if line.strip() and not line.startswith("#")]
    return {key: value.strip() for key, _, value in entries}


def catalogue() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((REPOSITORY / f"{NAME}.json").read_text(encoding="utf-8"))
    return facts


def module_text() -> str:
    return CMAKE.read_text(encoding="utf-8")


def test_every_file_of_the_module_is_packaged() -> None:
    problem = extension_files.complaint(module_text())
    assert not problem, f"\n{problem}"


def test_a_forgotten_file_and_one_that_is_gone_are_noticed() -> None:
    text = module_text().replace("  humor/pipeline.py\n", "  humor/pipelines.py\n")
    problem = extension_files.complaint(text)
    assert f"add to {SCRIPTS}:     humor/pipeline.py" in problem
    assert f"remove from {SCRIPTS}: humor/pipelines.py" in problem
    assert extension_files.complaint(extension_files.corrected(text)) == ""


def test_writing_the_lists_changes_nothing_else() -> None:
    text = module_text()
    before = re.sub(r"^  [\w/.-]+\n", "", text, flags=re.MULTILINE)
    after = re.sub(r"^  [\w/.-]+\n", "", extension_files.corrected(text), flags=re.MULTILINE)
    assert before == after and "slicerMacroBuildScriptedModule(" in after


def test_no_name_of_a_packaged_file_troubles_cmake() -> None:
    names = [name for files in extension_files.wanted().values() for name in files]
    assert [name for name in names if not re.fullmatch(r"[\w./-]+", name)] == []


def test_what_the_engine_and_the_window_need_at_run_time_is_packaged() -> None:
    lists = extension_files.listed(module_text())
    assert {"humor/__main__.py", "humor/cli/influence.py", "HUMoRSegmentLib/logic.py"} <= set(lists[SCRIPTS])
    resources = set(lists[RESOURCES])
    assert {"Resources/requirements.txt", "Resources/Icons/HUMoRSegment.png"} <= resources
    assert {"Resources/UI/HUMoRSegment.ui", "Resources/Sample/t1c.nii.gz"} <= resources
    manifest = json.loads((MODULE / "Resources/Models/humor-student/bundle.json").read_text(encoding="utf-8"))
    assert {f"Resources/Models/humor-student/{file}" for file in manifest["files"]} <= resources


def test_the_three_descriptions_say_the_same() -> None:
    build, old, new = cmake(), s4ext(), catalogue()
    assert build["PROJECT"] == NAME
    for key in (
        "HOMEPAGE",
        "CATEGORY",
        "CONTRIBUTORS",
        "DESCRIPTION",
        "ICONURL",
        "SCREENSHOTURLS",
        "DEPENDS",
    ):
        assert old[key.lower()] == build[key], key
    assert new["category"] == build["CATEGORY"]
    assert new["build_dependencies"] == build["DEPENDS"].split()
    assert (new["scm_url"], new["scm_revision"], new["scm_type"]) == (
        old["scmurl"],
        old["scmrevision"],
        old["scm"],
    )
    assert new["build_subdirectory"] == old["build_subdirectory"] == "."
    assert (str(new["tier"]), str(int(new["enabled"]))) == (old["tier"], old["enabled"])
    assert new["scm_url"] == f"{build['HOMEPAGE']}.git"


def test_the_catalogue_entry_has_only_keys_that_its_schema_knows() -> None:
    facts = catalogue()
    assert {"$schema", "category", "scm_url"} <= set(facts) <= CATALOGUE_KEYS
    assert re.search(r"/slicer-extension-catalog-entry-schema-v1\.0\.\d\.json#$", facts["$schema"])


def test_pictures_that_the_catalogue_shows_are_in_the_repository() -> None:
    facts = cmake()
    home = facts["HOMEPAGE"].replace("https://github.com/", "https://raw.githubusercontent.com/") + "/main/"
    urls = [facts["ICONURL"], *facts["SCREENSHOTURLS"].split()]
    assert len(urls) >= 2
    for url in urls:
        assert url.startswith(home) and (REPOSITORY / url.removeprefix(home)).is_file(), url


@pytest.mark.parametrize("path", draw_icon.ICONS, ids=lambda path: path.name)
def test_icons_are_what_the_script_draws(path: Path) -> None:
    """128 pixels, empty corners, and the colours of all three regions."""
    with Image.open(path) as image:
        assert image.size == (128, 128) and image.mode == "RGBA"
        assert image.getpixel((0, 0))[3] == image.getpixel((127, 127))[3] == 0  # type: ignore[index]
        drawn, there = np.asarray(draw_icon.draw(), float), np.asarray(image, float)
    assert np.abs(drawn - there).mean() < 1  # of 255: versions of the drawing library differ a little


def test_the_licence_and_a_small_checkout_are_as_the_index_wants_them() -> None:
    assert (REPOSITORY / "LICENSE").is_file()
    packaged = [name for files in extension_files.wanted().values() for name in files]
    assert sum((MODULE / name).stat().st_size for name in packaged) < MAX_CHECKOUT_BYTES


def test_the_modules_requirements_are_the_engines_and_torch() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    expected = _quoted(project, "\ndependencies = [", "]") | _quoted(project, "\ntorch = [", "]")
    lines = (MODULE / "Resources" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line and not line.startswith("#")]
    assert len(found) == len(set(found)) and set(found) == expected
    assert "torch>=2.4" in found
    for requirement in map(Requirement, found):
        assert {part.operator for part in requirement.specifier} == {">="}, requirement


def _quoted(text: str, begin: str, end: str) -> set[str]:
    return set(re.findall(r'"([^"]+)"', text.partition(begin)[2].partition(end)[0]))
