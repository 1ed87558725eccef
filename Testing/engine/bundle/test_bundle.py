from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from humor.bundle.bundle import Bundle, load_bundle
from humor.bundle.manifest import MAX_MANIFEST_BYTES, Manifest
from humor.bundle.save import save_bundle
from humor.errors import BundleError
from humor.hashing import sha256_of_bytes, sha256_of_file

ENGINE = Path(__file__).resolve().parents[3] / "HUMoRSegment"
WEIGHTS = "model.safetensors"


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit(bundle: Bundle, **changes: object) -> None:
    path = bundle.folder / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def relist(bundle: Bundle) -> None:
    """Give every listed file that is there its present hash."""
    files = {name: sha256_of_file(bundle.folder / name) for name in bundle.manifest.files}
    edit(bundle, files=files)


def test_weights_come_back_in_half_precision(bundle: Bundle, weights: dict[str, np.ndarray]) -> None:
    found = load_bundle(bundle.folder).weights()
    assert set(found) == set(weights)
    np.testing.assert_array_equal(found["blocks.0.weight"], weights["blocks.0.weight"].astype(np.float16))


def test_weights_in_several_files_come_back_together(tmp_path: Path, manifest: Manifest) -> None:
    random = np.random.default_rng(0)
    weights = {f"b{n}": random.standard_normal((1000, 2500)).astype(np.float16) for n in range(4)}
    made = save_bundle(tmp_path / "two", manifest, weights)
    assert sorted(made.manifest.files) == [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    assert all((made.weights()[name] == array).all() for name, array in weights.items())
    (made.folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(BundleError, match=r"missing.*model-00002-of-00002"):
        load_bundle(made.folder)


def test_facts_identify_the_model(bundle: Bundle) -> None:
    text = (bundle.folder / "bundle.json").read_bytes()
    assert bundle.identity() == {
        "name": "small",
        "architecture": "humor_student_pyramid",
        "sha256": sha256_of_bytes(text),
        "version": "1.0",
    }


def test_other_files_are_handed_out_as_they_were_given(bundle: Bundle) -> None:
    assert bundle.read("notes.txt") == b"more"
    assert bundle.size == len(b"more") + (bundle.folder / WEIGHTS).stat().st_size


def test_a_file_that_is_not_listed_is_not_handed_out(bundle: Bundle) -> None:
    (bundle.folder / "extra.bin").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"no file extra\.bin"):
        bundle.read("extra.bin")


def test_a_whole_bundle_passes(bundle: Bundle) -> None:
    bundle.verify()


def test_one_changed_byte_is_found_on_verifying_and_on_reading(bundle: Bundle) -> None:
    flip_a_byte(bundle.folder / WEIGHTS)
    damaged = load_bundle(bundle.folder)
    for use in (damaged.verify, damaged.weights, lambda: damaged.read(WEIGHTS)):
        with pytest.raises(BundleError, match=r"model\.safetensors is damaged.*humor models import"):
            use()


def test_a_file_that_vanishes_later_is_named(bundle: Bundle) -> None:
    (bundle.folder / "notes.txt").unlink()
    for use in (bundle.verify, lambda: bundle.read("notes.txt")):
        with pytest.raises(BundleError, match=r"notes\.txt cannot be read"):
            use()


def test_a_pickle_in_place_of_weights_is_refused_without_running_it(bundle: Bundle) -> None:
    evil = b"cos\nsystem\n(S'touch " + os.fsencode(bundle.folder / "ran") + b"'\ntR."
    (bundle.folder / WEIGHTS).write_bytes(evil)
    relist(bundle)
    with pytest.raises(BundleError, match="no readable weights"):
        load_bundle(bundle.folder).weights()
    assert not (bundle.folder / "ran").exists()


def test_a_tensor_that_comes_twice_is_refused(tmp_path: Path, manifest: Manifest) -> None:
    weights = {f"b{n}": np.zeros((1000, 2500), np.float16) for n in range(4)}
    made = save_bundle(tmp_path / "two", manifest, weights)
    first, second = (made.folder / f"model-0000{n}-of-00002.safetensors" for n in (1, 2))
    second.write_bytes(first.read_bytes())
    relist(made)
    with pytest.raises(BundleError, match="b0 is also in another file"):
        load_bundle(made.folder).weights()


def test_hashes_of_files_and_bytes_agree(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(1_000_003)
    (tmp_path / "x").write_bytes(data)
    assert sha256_of_file(tmp_path / "x") == sha256_of_bytes(data)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_of_bytes(b"") == empty


def test_reading_weights_loads_no_torch(bundle: Bundle) -> None:
    code = (
        "import sys\n"
        "from humor.bundle.bundle import load_bundle\n"
        f"bundle = load_bundle({str(bundle.folder)!r}); bundle.verify(); bundle.weights()\n"
        "heavy = {'torch', 'monai', 'scipy', 'nibabel', 'SimpleITK', 'openvino'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ENGINE)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


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
    with pytest.raises(BundleError, match=r"missing, .*: model\.safetensors"):
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
