from __future__ import annotations

import json
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
    with pytest.raises(BundleError, match=r"bundle\.json: graph must name"):
        load_bundle(bundle.folder)


def test_a_graph_of_listed_files_is_accepted(bundle: Bundle) -> None:
    edit(bundle, graph={"xml": "notes.txt", "constants": "notes.txt", "gates": 12})
    assert load_bundle(bundle.folder).manifest.graph["gates"] == 12
