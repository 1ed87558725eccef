from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from humor.cli.main import main

Start = Callable[..., "subprocess.Popen[str]"]


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def inspected(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict[str, str]]:
    assert main(["inspect", str(folder), "--json", *options]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    facts: dict[str, Any] = json.loads(line)
    assert set(facts) == {"files"}
    assert all(set(item) == {"file", "sequence", "reason"} and item["reason"] for item in facts["files"])
    return {item["file"]: item for item in facts["files"]}


def sequences(found: dict[str, dict[str, str]]) -> dict[str, str]:
    return {Path(file).as_posix(): item["sequence"] for file, item in found.items()}


def test_names_alone_decide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = touch(
        tmp_path, "AX T1 +C.nii.gz", "t2_tirm_dark-fluid.nii", "T1_pve_0.nii.gz", "scan.mha", "x.txt"
    )
    assert sequences(inspected(folder, capsys)) == {
        "AX T1 +C.nii.gz": "t1c",
        "t2_tirm_dark-fluid.nii": "flair",
        "T1_pve_0.nii.gz": "other",
        "scan.mha": "unclear",
    }


def test_layouts_of_folders_are_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = touch(
        tmp_path,
        "sub-1/ses-1/anat/sub-1_ses-1_ce-gd_T1w.nii.gz",
        "case/T1/image.nii",
        "case/FLAIR/image.nii",
        "flat/P1_t1.nii",
        "flat/P2_t1.nii",
        "flat/P2_flair.mgz",
        "numbers/a_0000.nii",
        "numbers/a_0001.nii",
        ".hidden/t1.nii",
    )
    wanted = {
        "sub-1/ses-1/anat/sub-1_ses-1_ce-gd_T1w.nii.gz": "t1c",
        "case/T1/image.nii": "t1",
        "case/FLAIR/image.nii": "flair",
        "flat/P1_t1.nii": "t1",
        "flat/P2_t1.nii": "t1",
        "flat/P2_flair.mgz": "flair",
        "numbers/a_0000.nii": "unclear",
        "numbers/a_0001.nii": "unclear",
    }
    assert sequences(inspected(folder, capsys)) == wanted
    told = wanted | {"numbers/a_0000.nii": "t2", "numbers/a_0001.nii": "other"}
    assert sequences(inspected(folder, capsys, "--channels", "t2,other")) == told


def test_what_cannot_be_used_is_listed_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch(tmp_path, "t2.nii", "flair.mnc", "t1.hdr")
    (tmp_path / "t1c.nii.gz").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    found = inspected(tmp_path, capsys)
    assert sequences(found) == {"t1.hdr": "t1", "t1c.nii.gz": "t1c", "t2.nii": "t2", "flair.mnc": "flair"}
    assert "git lfs pull" in found["t1c.nii.gz"]["reason"] and "format" in found["flair.mnc"]["reason"]
    assert "cannot be used" not in found["t2.nii"]["reason"]


def test_an_empty_folder_holds_no_files_and_a_missing_one_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspected(tmp_path, capsys) == {}
    assert main(["inspect", str(tmp_path / "none"), "--json"]) == 1
    event = json.loads(capsys.readouterr().out)
    assert event["kind"] == "error" and "does not exist" in event["message"]


def test_people_get_a_line_for_each_file_that_cannot_command_their_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        touch(tmp_path, "t1.nii", "flair\x1b[2J\n.nii")
    except OSError:
        pytest.skip("this disk has no such names")
    assert main(["inspect", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and len(shown.splitlines()) == 2 and "\\x1b[2J\\n" in shown


def test_no_image_is_opened_and_nothing_heavy_is_loaded(tmp_path: Path, start: Start) -> None:
    (tmp_path / "t1.nii.gz").write_bytes(b"x" * 5000)
    (tmp_path / "t1.nii.gz").chmod(0o400)
    code = (
        "import builtins, io, sys\n"
        "from pathlib import Path\n"
        "def spy(*a, **k): raise AssertionError(f'opened {a}')\n"
        "Path.open = Path.read_bytes = spy\n"
        "from humor.cli.main import main\n"
        f"code = main(['inspect', {str(tmp_path)!r}, '--json'])\n"
        "heavy = {'numpy', 'nibabel', 'torch', 'SimpleITK'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.exit(code)\n"
    )
    process = start("-c", code)
    shown, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(shown)["files"][0]["sequence"] == "t1"
