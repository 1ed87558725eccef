from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from humor.bundle.bundle import Bundle
from humor.bundle.load import load_bundle
from humor.bundle.manifest import MAX_MANIFEST_BYTES
from humor.errors import BundleError


def edit(bundle: Bundle, **changes: object) -> None:
    path = bundle.folder / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_loading_gives_what_saving_gave(bundle: Bundle) -> None:
    assert load_bundle(str(bundle.folder)) == bundle


def test_a_folder_without_a_bundle_is_no_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(BundleError, match=f"{folder} is not a model.*humor models"):
            load_bundle(folder)


def test_a_huge_description_is_not_read(bundle: Bundle) -> None:
    (bundle.folder / "bundle.json").write_bytes(b" " * (MAX_MANIFEST_BYTES + 1))
    with pytest.raises(BundleError, match="too large"):
        load_bundle(bundle.folder)


def test_missing_weights_are_named(bundle: Bundle) -> None:
    (bundle.folder / "model.safetensors").unlink()
    with pytest.raises(BundleError, match=r"missing: model\.safetensors"):
        load_bundle(bundle.folder)


def test_weights_that_are_not_listed_are_named(bundle: Bundle) -> None:
    edit(bundle, files={"notes.txt": "0" * 64})
    with pytest.raises(BundleError, match=r"not complete \(model\.safetensors\)"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize(
    "graph",
    [
        {"xml": "openvino.xml", "constants": "notes.txt", "gates": 1},
        {"xml": "notes.txt", "gates": 1},
        {"xml": "notes.txt", "constants": "notes.txt", "gates": "1"},
        {"version": 1},
    ],
)
def test_a_graph_must_name_listed_files(bundle: Bundle, graph: dict[str, object]) -> None:
    edit(bundle, graph=graph)
    with pytest.raises(BundleError, match=r"bundle\.json: graph must"):
        load_bundle(bundle.folder)


def test_a_graph_of_listed_files_is_accepted(bundle: Bundle) -> None:
    edit(bundle, graph={"xml": "notes.txt", "constants": "notes.txt", "gates": 12})
    assert load_bundle(bundle.folder).manifest.graph["gates"] == 12


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
@pytest.mark.parametrize("file", ["bundle.json", "model.safetensors"])
@pytest.mark.parametrize("what", ["pipe", "device", "folder", "loop", "terabyte"])
def test_what_is_no_plain_file_is_refused_at_once(bundle: Bundle, file: str, what: str) -> None:
    path = bundle.folder / file
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    elif what == "loop":
        path.symlink_to(file)
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    with pytest.raises(BundleError, match=re.escape(str(bundle.folder))):
        load_bundle(bundle.folder).weights()


def test_a_link_to_a_file_is_followed(bundle: Bundle, tmp_path: Path) -> None:
    """Models lie in stores that are made of links."""
    path = bundle.folder / "model.safetensors"
    path.rename(tmp_path / "store")
    path.symlink_to(tmp_path / "store")
    assert load_bundle(bundle.folder).weights()
