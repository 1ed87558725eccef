from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from humor.bundle import store
from humor.bundle.bundle import Bundle
from humor.bundle.store import (
    DEFAULT_BUNDLE,
    find_bundle,
    installed_bundles,
    remove_bundle,
    shipped_folders,
    user_folder,
)
from humor.errors import BundleError


@pytest.fixture
def shipped(tmp_path: Path, user: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models with the small one in it."""
    folder = tmp_path / "shipped"
    shutil.copytree(bundle.folder, folder / "small")
    monkeypatch.setattr(store, "shipped_folders", lambda: [folder])
    return folder


def test_the_users_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMOR_MODELS", str(tmp_path / "mine"))
    assert user_folder() == tmp_path / "mine"


@pytest.mark.parametrize(
    ("system", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "data/HUMoR/models"),
        ("linux", None, "home/.local/share/HUMoR/models"),
        ("darwin", None, "home/Library/Application Support/HUMoR/models"),
        ("win32", "LOCALAPPDATA", "data/HUMoR/models"),
        ("win32", None, "home/AppData/Local/HUMoR/models"),
    ],
)
def test_the_users_folder_is_where_the_system_keeps_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, variable: str | None, expected: str
) -> None:
    for name in ("HUMOR_MODELS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("os.path.expanduser", lambda path: str(tmp_path / "home"))
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "data"))
    assert user_folder() == tmp_path / expected


def test_without_a_home_reading_works_and_writing_asks_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUMOR_MODELS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.setattr(store, "shipped_folders", lambda: [])
    assert installed_bundles() == []
    with pytest.raises(BundleError, match="set HUMOR_MODELS"):
        remove_bundle("small")


def test_the_checkout_ships_its_models_beside_the_engine() -> None:
    beside = Path(store.__file__).resolve().parents[2] / "Resources" / "Models"
    assert (beside in shipped_folders()) == beside.is_dir()


def test_models_are_listed_with_their_source(shipped: Path, user: Path, bundle: Bundle) -> None:
    shutil.copytree(bundle.folder, user / "another")
    listed = [(entry.name, entry.shipped, entry.hidden) for entry in installed_bundles()]
    assert listed == [("another", False, False), ("small", True, False)]


def test_a_broken_model_is_listed_with_its_problem(shipped: Path) -> None:
    (shipped / "small" / "model.safetensors").unlink()
    (entry,) = installed_bundles()
    assert entry.bundle is None and "model.safetensors" in entry.problem


def test_half_made_folders_are_not_listed(user: Path, bundle: Bundle) -> None:
    shutil.copytree(bundle.folder, user / ".humor-x.partial")
    assert installed_bundles() == []


def test_the_users_model_hides_the_shipped_one_until_it_is_removed(
    shipped: Path, user: Path, bundle: Bundle
) -> None:
    shutil.copytree(bundle.folder, user / "small")
    assert [entry.hidden for entry in installed_bundles()] == [False, True]
    assert find_bundle("small") == user / "small"
    assert remove_bundle("small") == user / "small"
    assert find_bundle("small") == shipped / "small" and not list(user.iterdir())


def test_a_shipped_model_stays(shipped: Path) -> None:
    with pytest.raises(BundleError, match="comes with HUMoR"):
        remove_bundle("small")
    assert (shipped / "small").is_dir()


@pytest.mark.parametrize("name", ["absent", "..", "../made/small", ".", "", "/"])
def test_only_models_in_the_users_folder_are_removed(user: Path, bundle: Bundle, name: str) -> None:
    user.mkdir()
    with pytest.raises(BundleError, match="has no model"):
        remove_bundle(name)
    assert bundle.folder.is_dir()


def test_removing_a_link_keeps_what_it_points_to(user: Path, bundle: Bundle) -> None:
    user.mkdir()
    try:
        (user / "small").symlink_to(bundle.folder, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    remove_bundle("small")
    assert not list(user.iterdir())
    bundle.verify()


def test_a_model_is_found_by_folder(user: Path, bundle: Bundle) -> None:
    assert find_bundle(bundle.folder) == bundle.folder == find_bundle(str(bundle.folder))


def test_without_a_name_the_default_model_is_found(user: Path, bundle: Bundle) -> None:
    shutil.copytree(bundle.folder, user / DEFAULT_BUNDLE)
    assert find_bundle() == user / DEFAULT_BUNDLE


def test_a_misspelt_name_gets_a_suggestion(shipped: Path) -> None:
    with pytest.raises(BundleError, match=r"'smal'. Did you mean 'small'\? Installed: small"):
        find_bundle("smal")


def test_without_any_model_the_message_says_how_to_get_one(user: Path) -> None:
    with pytest.raises(BundleError, match=rf"'{DEFAULT_BUNDLE}'.*humor models import.*{user}"):
        find_bundle()


def test_a_zip_or_another_folder_is_recognised(user: Path, tmp_path: Path) -> None:
    (tmp_path / "small.zip").write_bytes(b"")
    with pytest.raises(BundleError, match=r"humor models import .*small\.zip"):
        find_bundle(str(tmp_path / "small.zip"))
    with pytest.raises(BundleError, match=r"holds no model: it has no bundle\.json"):
        find_bundle(str(tmp_path))
