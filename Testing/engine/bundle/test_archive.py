from __future__ import annotations

import json
import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from humor.bundle import archive as archive_module
from humor.bundle.archive import export_bundle, import_bundle
from humor.bundle.bundle import Bundle, load_bundle
from humor.bundle.store import remove_bundle
from humor.errors import BundleError, OutputError, UsageError
from humor.hashing import sha256_of_bytes

WEIGHTS = "model.safetensors"


@pytest.fixture
def packed(tmp_path: Path, bundle: Bundle) -> Path:
    path = tmp_path / "small.zip"
    export_bundle(bundle, path)
    return path


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refuse(path: Path, user: Path, message: str) -> None:
    """Import fails with a message that names the zip, and leaves nothing behind."""
    with pytest.raises(BundleError, match=message) as caught:
        import_bundle(path)
    assert str(path) in str(caught.value) and ".partial" not in str(caught.value)
    assert not user.exists() or not list(user.iterdir())


def test_a_model_survives_export_and_import(
    packed: Path, user: Path, bundle: Bundle, weights: dict[str, np.ndarray]
) -> None:
    shutil.rmtree(bundle.folder)
    installed = import_bundle(packed)
    assert installed.folder == user / "small" and installed.sha256 == bundle.sha256
    installed.verify()
    found = load_bundle(user / "small").weights()
    assert all((found[name] == array.astype(found[name].dtype)).all() for name, array in weights.items())
    assert (user / "small" / "README.md").read_text("utf-8").startswith("# A small model")


def test_the_same_model_gives_the_same_zip(packed: Path, bundle: Bundle, tmp_path: Path) -> None:
    export_bundle(bundle, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_a_zip_made_by_hand_is_accepted(packed: Path, user: Path, tmp_path: Path) -> None:
    flat = {name.partition("/")[2]: data for name, data in contents(packed).items()}
    flat |= {"__MACOSX/bundle.json": b"junk", ".DS_Store": b"junk"}
    installed = import_bundle(pack(tmp_path / "flat.zip", flat))
    names = sorted(path.name for path in installed.folder.iterdir())
    assert names == ["README.md", "bundle.json", WEIGHTS, "notes.txt"]


def test_the_card_in_the_zip_is_not_trusted(packed: Path, user: Path, tmp_path: Path) -> None:
    files = contents(packed) | {"small/README.md": b"cleared for clinical use"}
    installed = import_bundle(pack(tmp_path / "card.zip", files))
    assert "clinical use" not in (installed.folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    "name", ["../evil.txt", "small/../../evil.txt", "/evil.txt", "C:/evil.txt", "..\\evil.txt", "small/.."]
)
def test_a_member_that_points_outside_is_refused(packed: Path, user: Path, tmp_path: Path, name: str) -> None:
    refuse(pack(tmp_path / "evil.zip", contents(packed) | {name: b"x"}), user, "points outside")
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/b"])
def test_a_description_that_lists_a_file_outside_is_refused(
    packed: Path, user: Path, tmp_path: Path, name: str
) -> None:
    files = contents(packed)
    facts = json.loads(files["small/bundle.json"])
    facts["files"][name] = sha256_of_bytes(b"x")
    files["small/bundle.json"] = json.dumps(facts).encode()
    refuse(pack(tmp_path / "evil.zip", files), user, "plain file name")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(packed: Path, user: Path, kind: int) -> None:
    info = zipfile.ZipInfo("small/link")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    refuse(packed, user, "link or another special file")


def test_a_bomb_is_refused_before_it_is_unpacked(packed: Path, user: Path, tmp_path: Path) -> None:
    files = contents(packed)
    bomb = bytes(archive_module.FREE_BYTES * 4)
    facts = json.loads(files["small/bundle.json"])
    facts["files"]["bomb.bin"] = sha256_of_bytes(bomb)
    files |= {"small/bundle.json": json.dumps(facts).encode(), "small/bomb.bin": bomb}
    path = pack(tmp_path / "bomb.zip", files)
    assert path.stat().st_size < 200_000
    refuse(path, user, "would unpack to 67 MB")


def test_a_bomb_that_lies_about_its_size_is_refused(packed: Path, user: Path, tmp_path: Path) -> None:
    files = contents(packed)
    bomb = bytes(archive_module.FREE_BYTES * 4)
    facts = json.loads(files["small/bundle.json"])
    facts["files"]["bomb.bin"] = sha256_of_bytes(bomb)
    files |= {"small/bundle.json": json.dumps(facts).encode(), "small/bomb.bin": bomb}
    path = pack(tmp_path / "bomb.zip", files)
    data = path.read_bytes()
    declared = len(bomb).to_bytes(4, "little")
    assert data.count(declared) >= 2
    path.write_bytes(data.replace(declared, (1000).to_bytes(4, "little")))
    refuse(path, user, "not a whole zip|damaged")


def test_too_many_members_and_doubles_are_refused(packed: Path, user: Path, tmp_path: Path) -> None:
    many = {f"small/{n}": b"" for n in range(archive_module.MAX_MEMBERS)}
    refuse(pack(tmp_path / "many.zip", contents(packed) | many), user, "too many files")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("small/notes.txt", b"other")
    refuse(packed, user, "one twice")


def test_encrypted_and_unusual_members_are_refused(packed: Path, user: Path, tmp_path: Path) -> None:
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("small/bundle.json", contents(packed)["small/bundle.json"])
    refuse(path, user, "unusual compression")
    data = bytearray(packed.read_bytes())
    place = data.index(b"PK\x01\x02")  # the first entry of the list of contents
    data[place + 8] |= 1
    packed.write_bytes(data)
    refuse(packed, user, "encrypted")


def test_a_changed_byte_is_found(packed: Path, user: Path, tmp_path: Path) -> None:
    files = contents(packed)
    weights = bytearray(files[f"small/{WEIGHTS}"])
    weights[-1] ^= 1
    refuse(
        pack(tmp_path / "x.zip", files | {f"small/{WEIGHTS}": bytes(weights)}), user, f"{WEIGHTS} is damaged"
    )


def test_a_missing_piece_is_found(packed: Path, user: Path, tmp_path: Path) -> None:
    files = contents(packed)
    del files[f"small/{WEIGHTS}"]
    refuse(pack(tmp_path / "x.zip", files), user, f"{WEIGHTS} is missing")


def test_weights_with_a_right_hash_must_still_be_weights(packed: Path, user: Path, tmp_path: Path) -> None:
    files = contents(packed) | {f"small/{WEIGHTS}": b"cos\nsystem\n(S'true'\ntR."}
    facts = json.loads(files["small/bundle.json"])
    facts["files"][WEIGHTS] = sha256_of_bytes(files[f"small/{WEIGHTS}"])
    files["small/bundle.json"] = json.dumps(facts).encode()
    refuse(pack(tmp_path / "x.zip", files), user, "no readable weights")


def test_a_zip_cut_short_or_none_at_all_is_refused(packed: Path, user: Path, tmp_path: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:-100])
    refuse(packed, user, "not a whole zip")
    (tmp_path / "text.zip").write_text("hello")
    refuse(tmp_path / "text.zip", user, "not a whole zip")
    refuse(tmp_path / "absent.zip", user, "cannot be read")


def test_a_zip_without_a_model_or_with_two_is_refused(packed: Path, user: Path, tmp_path: Path) -> None:
    refuse(pack(tmp_path / "none.zip", {"a/b.txt": b""}), user, "holds no model")
    two = contents(packed) | {"other/bundle.json": b"{}"}
    refuse(pack(tmp_path / "two.zip", two), user, "more than one model")


def test_an_installed_model_is_replaced_only_when_asked(packed: Path, user: Path) -> None:
    first = import_bundle(packed)
    (first.folder / "README.md").write_text("older")
    with pytest.raises(BundleError, match=r"installed already.*--replace"):
        import_bundle(packed)
    assert (first.folder / "README.md").read_text() == "older"
    import_bundle(packed, replace=True).verify()
    assert (first.folder / "README.md").read_text() != "older"
    assert [path.name for path in user.iterdir()] == ["small"]


def test_files_of_the_users_in_a_models_folder_are_neither_replaced_nor_removed(
    packed: Path, user: Path
) -> None:
    folder = import_bundle(packed).folder
    (folder / "my_notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"my_notes\.txt"):
        import_bundle(packed, replace=True)
    with pytest.raises(BundleError, match=r"my_notes\.txt"):
        remove_bundle(folder.name)
    (folder / "bundle.json").unlink()  # now it is any folder that happens to have a model's name
    with pytest.raises(BundleError, match=r"my_notes\.txt"):
        import_bundle(packed, replace=True)
    assert (folder / "my_notes.txt").read_text() == "mine"


def test_an_export_does_not_replace_a_link(packed: Path, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "precious.zip").write_text("precious")
    for target in ("precious.zip", "nothing.zip"):
        link = tmp_path / "link.zip"
        link.symlink_to(tmp_path / target)
        for replace in (True, False):
            with pytest.raises(OutputError, match="link"):
                export_bundle(bundle, link, replace)
        assert link.is_symlink()
        link.unlink()
    assert (tmp_path / "precious.zip").read_text() == "precious"


def test_a_failing_replacement_keeps_the_installed_model(packed: Path, user: Path, tmp_path: Path) -> None:
    import_bundle(packed)
    damaged = pack(tmp_path / "x.zip", contents(packed) | {"small/notes.txt": b"changed"})
    with pytest.raises(BundleError, match="damaged"):
        import_bundle(damaged, replace=True)
    load_bundle(user / "small").verify()
    assert [path.name for path in user.iterdir()] == ["small"]


def test_a_damaged_model_is_not_exported(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.folder / "notes.txt").write_bytes(b"changed")
    with pytest.raises(BundleError, match=r"notes\.txt is damaged"):
        export_bundle(bundle, tmp_path / "small.zip")
    assert not list(tmp_path.glob("*.zip")) and not list(tmp_path.glob(".humor-*"))


def test_export_replaces_only_zips_and_only_when_asked(packed: Path, bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--replace"):
        export_bundle(bundle, packed)
    export_bundle(bundle, packed, replace=True)
    with pytest.raises(UsageError, match=r"must end in \.zip"):
        export_bundle(bundle, tmp_path / "t1.nii.gz", replace=True)
    with pytest.raises(OutputError, match="cannot be written"):
        export_bundle(bundle, tmp_path / "absent" / "small.zip")


@pytest.mark.parametrize(
    ("offset", "value"),
    [(6, 1), (6, 65), (6, 32), (8, 99), (8, 14), (4, 99)],
    ids=["encrypted", "strongly encrypted", "patch", "unknown method", "lzma", "version 9.9"],
)
def test_a_zip_that_python_cannot_read_is_refused(packed: Path, user: Path, offset: int, value: int) -> None:
    """One byte of the first entry of the directory, and of its own header, is changed."""
    data = bytearray(packed.read_bytes())
    data[data.index(b"PK\x01\x02") + 2 + offset] = value
    data[offset] = value
    packed.write_bytes(data)
    refuse(packed, user, "zip")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices")
@pytest.mark.parametrize("what", ["/dev/zero", "/dev/null", "/dev/urandom", "/", "nowhere.zip"])
def test_what_is_no_file_is_refused_at_once(user: Path, what: str) -> None:
    with pytest.raises(BundleError, match=f"{what} cannot be read"):
        import_bundle(Path(what))
