from __future__ import annotations

import json
import zipfile
from pathlib import Path

from HUMoRSegmentLib.widget.model_zip import model_name


def make_zip(path: Path, member: str, text: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    return path


def test_the_name_stands_in_the_description_inside_the_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "any.zip", "folder/bundle.json", json.dumps({"name": "my-model"}))
    assert model_name(path) == "my-model"


def test_a_file_that_is_no_model_has_no_name(tmp_path: Path) -> None:
    nothing = tmp_path / "missing.zip"
    no_zip = tmp_path / "text.zip"
    no_zip.write_text("not a zip")
    other = make_zip(tmp_path / "other.zip", "readme.txt", "hello")
    damaged = make_zip(tmp_path / "damaged.zip", "bundle.json", "{")
    no_table = make_zip(tmp_path / "list.zip", "bundle.json", "[1]")
    assert [model_name(path) for path in (nothing, no_zip, other, damaged, no_table)] == [""] * 5
