"""The extension as a package installs it: only the listed files, in a folder of scripted modules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import extension_files
from extension_files import CMAKE, MODULE, REPOSITORY
from humor.output.names import LABEL_MAP, REPORT, ROUTING_TABLE, SEGMENTS

MODULES_FOLDER = "lib/Slicer-5.12/qt-scripted-modules"
STAND_IN = Path(__file__).with_name("stand_in")
EMULATION = Path(__file__).resolve().parents[1]
# Modules are named as arguments; all must come from the first folder on the path.
IMPORT_ALL = """
import importlib, os, sys
home = os.path.realpath(os.environ["PYTHONPATH"].split(os.pathsep)[0])
for name in sys.argv[1:]:
    file = os.path.realpath(importlib.import_module(name).__file__)
    assert file.startswith(home), file
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the listed files and nothing else."""
    folder = tmp_path_factory.mktemp("package") / MODULES_FOLDER
    for names in extension_files.listed(CMAKE.read_text(encoding="utf-8")).values():
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(MODULE / name, folder / name)
    return folder


def run_python(folder: Path, empty: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as Slicer's child process would, with the package's folder before all others."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(EMULATION)]),
        "HUMOR_MODELS": str(empty / "no-models"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=empty, capture_output=True, text=True, timeout=300
    )


def test_the_installed_engine_is_the_one_that_runs_and_finds_the_model_beside_it(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "import humor; from humor.bundle.store import find_bundle; "
        "print(humor.__file__); print(find_bundle())"
    )
    done = run_python(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    engine, model = map(Path, done.stdout.splitlines())
    assert engine.resolve() == (installed / "humor" / "__init__.py").resolve()
    assert model.resolve() == (installed / "Resources" / "Models" / "humor-student").resolve()


def test_a_study_is_segmented_from_the_package_alone(installed: Path, tmp_path: Path) -> None:
    sample = installed / "Resources" / "Sample"
    arguments = ["-m", "humor", "segment", str(sample), "--output", str(tmp_path / "out"), "--json"]
    done = run_python(installed, tmp_path, *arguments, "--no-report")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kind"] == "result" and result["data"]["volumes_ml"]["WT"] > 10
    assert {LABEL_MAP, SEGMENTS, REPORT, ROUTING_TABLE} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_every_engine_module_of_the_package_can_be_imported(installed: Path, tmp_path: Path) -> None:
    done = run_python(installed, tmp_path, "-c", IMPORT_ALL, *modules_in(installed / "humor"))
    assert done.returncode == 0, done.stderr


def test_the_module_and_all_of_its_layer_load_from_the_package(installed: Path, tmp_path: Path) -> None:
    names = ["HUMoRSegment", *modules_in(installed / "HUMoRSegmentLib")]
    code = f"from emulation.mrml import start\nstart()\n{IMPORT_ALL}"
    done = run_python(installed, tmp_path, "-c", code, *names)
    assert done.returncode == 0, done.stderr


def modules_in(package: Path) -> list[str]:
    paths = [path for path in sorted(package.rglob("*.py")) if path.name != "__main__.py"]
    parts = [path.relative_to(package.parent).with_suffix("").parts for path in paths]
    return [".".join(names).removesuffix(".__init__") for names in parts]


@pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("c++")), reason="needs CMake and a compiler")
def test_cmake_installs_exactly_the_files_of_the_module(tmp_path: Path) -> None:
    """With a stand-in for Slicer's own macros; CMake and the extension's files are real."""
    configure = ["cmake", "-S", str(REPOSITORY), "-B", str(tmp_path / "build"), f"-DSlicer_DIR={STAND_IN}"]
    done = subprocess.run([*configure, "-DBUILD_TESTING=ON"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "extension: HUMoR; depends: PyTorch" in done.stdout
    assert "unit test: HUMoRSegment.py" in done.stdout and "packaged" in done.stdout
    install = ["cmake", "--install", str(tmp_path / "build"), "--prefix", str(tmp_path / "package")]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    folder = tmp_path / "package" / MODULES_FOLDER
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == sorted(name for names in extension_files.wanted().values() for name in names)
