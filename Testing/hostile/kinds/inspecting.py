"""``humor inspect``: hostile names and what lies beside images; it always answers, in whole JSON."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..case import DONE, EITHER, REFUSED_OR_WRONG, Case, Happened
from .names import NAMES

KIND = "inspecting"
# What a radiographer says of a name; the engine's own tests have hundreds.
SAID: dict[str, str] = {
    "T1_SPACE_GD": "t1c",
    "t2_space_dark-fluid_sag": "flair",
    "T1 C-": "t1",
    "T1 +C": "t1c",
    "T1_post-op": "t1",
    "t2_spc_ir": "flair",
    "t2_tirm_tra": "flair",
    "T1_KM": "t1c",
    "T1_增强": "t1c",
    "T1_Gadovist": "t1c",
    "T2_GRE": "other",
    "t1_pve_0": "other",
    "T1_biasfield": "other",
    "GTV": "other",
    "T1_SUB": "other",
    "SWAN": "other",
    "CT1": "t1c",
    "T2WI": "t2",
    "anat": "unclear",
}
PARTS = (
    *("t1", "t2", "flair", "c", "ce", "gd", "post", "pre", "op", "space", "reg", "to", "+", "-", "_", " "),
    *("KM", "mprage", "tse", "fs", "0001", "20200101", ".", "MNI", "brain", "mask", "km", "增强", "é", "2"),
)
# What a JSON file beside an image may hold.
SIDECARS: dict[str, bytes] = {
    "nothing": b"",
    "no json": b"{",
    "deep": b"[" * 100_000,
    "no utf-8": b'{"SeriesDescription": "caf\xe9"}',
    "a list": b"[1]",
    "huge numbers": b'{"EchoTime": 1e999, "RepetitionTime": ' + b"9" * 6000 + b"}",
    "NaN": b'{"EchoTime": NaN, "InversionTime": -Infinity}',
    "odd types": b'{"EchoTime": [1], "ImageType": {"a": 1}, "SeriesDescription": 7, "Modality": null}',
    "a surrogate": b'{"SeriesDescription": "\\ud800 t1"}',
    "control": b'{"SeriesDescription": "\\u001b[2J t2"}',
    "a ct": b'{"Modality": "CT", "SeriesDescription": "t1"}',
    "long": b'{"SeriesDescription": "' + b"t1 " * 1_000_000 + b'"}',
}


def _folder(names: Sequence[str], *more: str) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        (place / "in").mkdir()
        for name in names:
            (place / "in" / name).touch()
        return ["inspect", str(place / "in"), *more]

    return prepare


def _listed(happened: Happened) -> list[dict[str, str]]:
    files: list[dict[str, str]] = json.loads(happened.out)["files"]
    return files


def _all_listed(count: int) -> Callable[[Path, Happened], list[str]]:
    """Every image is in the answer, with a sequence and a reason."""

    def check(place: Path, happened: Happened) -> list[str]:
        files = _listed(happened)
        odd = [item for item in files if not item["sequence"] or not item["reason"]]
        faults = [f"{len(files)} of {count} images are listed"] if len(files) != count else []
        return faults + [f"no word about {item['file']!r}" for item in odd]

    return check


def _says(sequence: str) -> Callable[[Path, Happened], list[str]]:
    def check(place: Path, happened: Happened) -> list[str]:
        found = [item["sequence"] for item in _listed(happened)]
        return [] if found == [sequence] else [f"taken for {found}, not {sequence}"]

    return check


def _with_sidecar(data: bytes) -> Callable[[Path], list[str]]:
    def prepare(place: Path) -> list[str]:
        arguments = _folder(["image.nii.gz", "t2.nii.gz"], "--json")(place)
        (place / "in" / "image.json").write_bytes(data)
        (place / "in" / "t2.json").write_bytes(data)
        return arguments

    return prepare


def _random_names(number: int) -> list[str]:
    chance = random.Random(number)
    made = {"".join(chance.choices(PARTS, k=chance.randint(1, 9))) for _ in range(30)}
    return sorted(
        name + chance.choice((".nii.gz", ".nii", ".nrrd", ".mgz")) for name in made if name[0] != "."
    )


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for name, sequence in SAID.items():
        yield Case(
            KIND,
            f"says {name}",
            _folder([f"{name}.nii.gz"], "--json"),
            codes=DONE,
            within=None,
            check=_says(sequence),
        )
    for name, text in NAMES.items():
        shown = not text.startswith(".")
        yield Case(
            KIND,
            f"json {name}",
            _folder([f"{text}.nii"], "--json"),
            codes=DONE,
            within=None,
            check=_all_listed(int(shown)),
        )
        yield Case(KIND, f"text {name}", _folder([f"{text}.nii"]), codes=DONE, within=None)
    for number in range(20):
        names = _random_names(number)
        yield Case(
            KIND,
            f"random {number}",
            _folder(names, "--json"),
            codes=DONE,
            within=None,
            check=_all_listed(len(set(names))),
        )
    for name, data in SIDECARS.items():
        yield Case(
            KIND, f"sidecar {name}", _with_sidecar(data), codes=DONE, within=None, check=_all_listed(2)
        )
    for name, data in SIDECARS.items():
        yield Case(
            KIND,
            f"dataset.json {name}",
            lambda place, d=data: _with_dataset(place, d),
            codes=DONE,
            within=None,
        )
    yield Case(
        KIND, "ten thousand", _folder([f"t1_{n}.nii" for n in range(3000)], "--json"), codes=DONE, within=None
    )
    yield Case(KIND, "a loop", _loop, codes=DONE, within=None, check=_all_listed(1))
    yield Case(KIND, "a closed folder", _closed, codes=DONE, within=None, unprivileged=True)
    yield Case(KIND, "nothing", _folder([], "--json"), codes=EITHER, within=None)
    for word in ("/dev/null", "nowhere", "x" * 300, "~nosuch", ""):
        yield Case(
            KIND,
            f"no folder {word[:20]}",
            lambda place, w=word: ["inspect", w, "--json"],
            codes=EITHER if not word else REFUSED_OR_WRONG,
            within=None,
        )


def _with_dataset(place: Path, data: bytes) -> list[str]:
    arguments = _folder(["case_0000.nii.gz", "case_0001.nii.gz"], "--json")(place)
    (place / "in" / "dataset.json").write_bytes(data)
    return arguments


def _loop(place: Path) -> list[str]:
    arguments = _folder(["t1.nii"], "--json")(place)
    os.symlink(".", place / "in" / "again")
    os.symlink("circle", place / "in" / "circle")
    return arguments


def _closed(place: Path) -> list[str]:
    arguments = _folder(["t1.nii"], "--json")(place)
    (place / "in" / "closed").mkdir()
    (place / "in" / "closed").chmod(0)
    return arguments
