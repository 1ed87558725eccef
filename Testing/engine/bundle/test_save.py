from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from humor.bundle.bundle import Bundle
from humor.bundle.card import make_card
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.errors import BundleError
from humor.hashing import sha256_of_file


def test_a_bundle_holds_description_card_weights_and_extras(bundle: Bundle) -> None:
    names = sorted(path.name for path in bundle.folder.iterdir())
    assert names == ["README.md", "bundle.json", "model.safetensors", "notes.txt"]
    assert bundle.manifest.files == {
        name: sha256_of_file(bundle.folder / name) for name in ("model.safetensors", "notes.txt")
    }
    assert (bundle.folder / "README.md").read_text("utf-8") == make_card(bundle.manifest)


def test_an_extra_file_may_be_given_by_its_place(
    tmp_path: Path, manifest: Manifest, weights: dict[str, np.ndarray]
) -> None:
    (tmp_path / "graph").write_bytes(b"<net/>")
    made = save_bundle(tmp_path / "small", manifest, weights, {"net.xml": tmp_path / "graph"})
    assert made.read("net.xml") == b"<net/>"


@pytest.mark.parametrize("name", ["../out.bin", "bundle.json", "README.md", "model.safetensors", "a/b", ""])
def test_an_extra_file_cannot_leave_the_folder_or_replace_another(
    tmp_path: Path, manifest: Manifest, weights: dict[str, np.ndarray], name: str
) -> None:
    with pytest.raises(BundleError):
        save_bundle(tmp_path / "in" / "small", manifest, weights, {name: b"x"})
    assert not (tmp_path / "in").exists() or not list((tmp_path / "in").iterdir())


def test_a_bundle_is_not_replaced_unasked(bundle: Bundle, weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(BundleError, match="there already"):
        save_bundle(bundle.folder, bundle.manifest, weights)
    bundle.verify()


def test_a_bundle_is_replaced_whole(
    bundle: Bundle, manifest: Manifest, weights: dict[str, np.ndarray]
) -> None:
    made = save_bundle(bundle.folder, manifest, weights, replace=True)
    assert not (bundle.folder / "notes.txt").exists()
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["small"]
    made.verify()


def test_a_failure_leaves_nothing_and_keeps_the_old_bundle(
    bundle: Bundle, manifest: Manifest, weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    for folder in (bundle.folder, bundle.folder.parent / "other"):
        with pytest.raises(BundleError, match=f"{folder}.*No space left"):
            save_bundle(folder, manifest, weights, replace=True)
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["small"]
    bundle.verify()


def test_if_the_last_step_fails_the_old_bundle_comes_back(
    bundle: Bundle, manifest: Manifest, weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if target == bundle.folder and path.name != "old":
            raise PermissionError(13, "Permission denied")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(BundleError, match="Permission denied"):
        save_bundle(bundle.folder, manifest, weights, replace=True)
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["small"]
    bundle.verify()


def test_an_interrupt_leaves_nothing(
    tmp_path: Path, manifest: Manifest, weights: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path, data: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(tmp_path / "models" / "small", manifest, weights)
    assert not list((tmp_path / "models").iterdir())


def test_what_a_killed_process_left_is_removed_a_day_later(
    tmp_path: Path, manifest: Manifest, weights: dict[str, np.ndarray]
) -> None:
    old, fresh = tmp_path / ".humor-old.partial", tmp_path / ".humor-fresh.partial"
    old.mkdir()
    fresh.mkdir()
    os.utime(old, (0, 0))
    save_bundle(tmp_path / "small", manifest, weights)
    assert not old.exists() and fresh.exists()


def test_other_users_may_read_a_saved_bundle(bundle: Bundle) -> None:
    assert bundle.folder.stat().st_mode & 0o055 == 0o055 or os.name == "nt"
