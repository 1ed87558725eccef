"""Models: damaged, dangerous, too large, or described as what this program cannot run."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from humor.bundle.manifest import MANIFEST
from humor.bundle.store import DEFAULT_BUNDLE, find_bundle
from humor.hashing import sha256_of_bytes

from ..case import DONE, EITHER, REFUSED, Case
from ..made_study import segment, write_study

KIND = "bundles"
Damage = Callable[[Path], object]
HUGE = 10**400
DEEP: Any = json.loads("[" * 400 + "]" * 400)

# Entry of bundle.json → values that this program cannot honour.
ENTRIES: dict[str, list[Any]] = {
    "format_version": [None, 0, 2, HUGE, "1", True, 1.5],
    "name": ["", "../x", "A B", 7, "x" * 100, "con"],
    "title": ["", "\x1b[2J", 5, "\ud800", None],
    "kind": ["", None, 7],
    "architecture": [
        None,
        {},
        {"name": "nosuch"},
        {"name": "humor_student_pyramid", "dim": HUGE},
        {"name": ["a"]},
        DEEP,
    ],
    "sequences": [["flair"], ["t1", "t1c"], [], "t1", ["t2", "t1", "t1c", "flair"], [None]],
    "regions": [["WT"], ["WT", "TC"], [], ["ET", "TC", "WT"]],
    "spacing_mm": [0, -1, HUGE, 1e-9, 1e9, "1", None, True],
    "normalisation": [None, {}, {"name": "minmax"}, {"name": "zscore_in_brain", "clip": 5}, {"name": 7}],
    "thresholds": [
        {},
        {"WT": 0.5},
        {"WT": HUGE, "TC": 0.5, "ET": 0.5},
        {"WT": "x", "TC": 0.5, "ET": 0.5},
        DEEP,
    ],
    "min_component_ml": [-1, HUGE, "x", None, True],
    "window": [[], [96, 96], [95, 96, 96], [HUGE, 96, 96], [0, 0, 0], "96", [1.5, 96, 96], [True, 96, 96]],
    "files": [{}, {"../x": "0" * 64}, {"model.safetensors": "0"}, {"model.safetensors": None}, DEEP],
    "graph": [
        {"xml": "openvino.xml", "constants": "openvino.bin", "gates": 0},
        {"xml": "openvino.xml", "constants": "openvino.bin", "gates": 5},
        {"xml": "openvino.xml", "constants": "openvino.bin", "gates": 36},
        {"xml": "openvino.bin", "constants": "openvino.xml", "gates": 12},
        {"xml": "nosuch"},
        {"xml": ["x"], "constants": {}, "gates": 12},
        {"xml": "openvino.xml"},
        [],
        {"xml": "openvino.xml", "constants": "openvino.bin", "gates": HUGE},
    ],
    "citations": [["\x1b[2J"], [7], "x", None],
    "licence": ["", 7, "\ud800"],
    "training": [None, [], {"a": "\ud800"}, {"a": DEEP}],
    "validation": [
        {"v": 1},
        {"v": {"nosuch": {}}},
        {"v": {"t1": {"WT": HUGE}}},
        {"v": {"t1": {"WT": [1]}}},
        DEEP,
    ],
    "created": [None, 7, HUGE],
    "surprise": [1],
}
# Numbers of an architecture that is known; the graph does not need them, torch does.
NUMBERS: list[dict[str, Any]] = [
    {"dim": "x"},
    {"dim": 0},
    {"dim": 241},
    {"dim": 10**6},
    {"depth": -1},
    {"depth": 24},
    {"heads": 0},
    {"stem": "none"},
    {"stem": ["pyramid"]},
    {"nosuch": 1},
    {"gate_experts": -3},
]
TEXTS: dict[str, bytes] = {
    "empty": b"",
    "no json": b"{",
    "deep": b"[" * 100_000,
    "deep in an entry": b'{"format_version": 1, "training": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "a number of 5000 digits": b'{"format_version": ' + b"1" * 5000 + b"}",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "zeros": bytes(1000),
    "8 MB": b" " * (8 << 20),
    "a list": b"[]",
}


@cache
def real_model() -> Path:
    """The folder of the model that ships."""
    return find_bundle(DEFAULT_BUNDLE)


def _model(place: Path, name: str = "broken") -> Path:
    """A copy of the default model among the user's."""
    folder = place / "models" / name
    folder.mkdir(parents=True)
    for file in real_model().iterdir():
        os.link(file, folder / file.name) if _same_disk(file, folder) else shutil.copy(file, folder)
    (folder / MANIFEST).unlink()
    facts = json.loads((real_model() / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(facts | {"name": name}))
    return folder


def _same_disk(file: Path, folder: Path) -> bool:
    return file.stat().st_dev == folder.stat().st_dev


def _entry(entry: str, value: Any) -> Damage:
    def write(folder: Path) -> None:
        facts = json.loads((folder / MANIFEST).read_text())
        facts[entry] = value
        (folder / MANIFEST).write_text(json.dumps(facts))

    return write


def _text(data: bytes) -> Damage:
    return lambda folder: (folder / MANIFEST).write_bytes(data)


def _file(name: str, data: bytes, hashed: bool) -> Damage:
    """Another content of a file, with its hash or without."""

    def write(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_bytes(data)
        if hashed:
            facts = json.loads((folder / MANIFEST).read_text())
            facts["files"][name] = sha256_of_bytes(data)
            (folder / MANIFEST).write_text(json.dumps(facts))

    return write


def _sparse(name: str) -> Damage:
    def write(folder: Path) -> None:
        (folder / name).unlink()
        with open(folder / name, "wb") as file:
            file.truncate(1 << 40)

    return write


def _instead(name: str, make: Callable[[Path], object]) -> Damage:
    def write(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return write


def _commands(damage: Damage) -> dict[str, Callable[[Path], list[str]]]:
    def listing(place: Path) -> list[str]:
        damage(_model(place))
        return ["models", "--json"]

    def segmenting(place: Path) -> list[str]:
        damage(_model(place))
        write_study(place / "in")
        return segment(place, "--model", "broken")

    return {"list": listing, "segment": segmenting}


def _both(
    name: str, damage: Damage, codes: frozenset[int] = REFUSED, within: float | None = None
) -> Iterator[Case]:
    for command, prepare in _commands(damage).items():
        # One broken model never keeps the others from being listed.
        expected = DONE if command == "list" else codes
        shown = within if command == "segment" else None
        yield Case(KIND, f"{command} {name}", prepare, codes=expected, within=shown, says=("broken",))


def _of_numbers() -> Iterator[Case]:
    for number, numbers in enumerate(NUMBERS):
        change = _entry("architecture", {"name": "humor_student_pyramid", **numbers})
        yield from _both(f"numbers {number}", change, EITHER, 0.1)
        yield Case(
            KIND,
            f"torch numbers {number}",
            lambda place, damage=change: _in_torch(place, damage),
            codes=REFUSED,
            within=None,
            says=("broken",),
            quick=False,
        )


def _in_torch(place: Path, damage: Damage) -> list[str]:
    damage(_model(place))
    write_study(place / "in")
    return segment(place, "--model", "broken", "--precision", "fp16")


def _of_flipped_graphs() -> Iterator[Case]:
    """A graph with a wrong bit whose hash is right: whatever it does, it is told."""
    good = (real_model() / "openvino.xml").read_bytes()
    for number in range(12):
        data = bytearray(good)
        chance = random.Random(number)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        yield from _both(f"graph flipped {number}", _file("openvino.xml", bytes(data), hashed=True), EITHER)


def _of_other_commands() -> Iterator[Case]:
    """Everything else that can be asked of a broken model."""
    damages: dict[str, tuple[Damage, frozenset[int]]] = {
        "no json": (_text(b"{"), REFUSED),
        "deep training": (_entry("training", {"a": DEEP}), REFUSED),
        "no text": (_entry("training", {"a": "\ud800"}), REFUSED),
        "huge number": (_entry("validation", {"v": {"t1": {"WT": HUGE}}}), REFUSED),
        "pipe": (_instead(MANIFEST, os.mkfifo), REFUSED),
        "terabyte": (_sparse("openvino.bin"), REFUSED),
        "wrong hash": (_file("openvino.bin", b"x", hashed=False), REFUSED),
        "text everywhere": (_entry("training", {"\x1b[2J": ["\u202e", {"a|b": "<script>"}]}), DONE),
    }
    for name, (damage, codes) in damages.items():
        for action in ("show", "verify", "export", "remove"):
            lawful = {"show": EITHER, "remove": EITHER}.get(action, codes)
            yield Case(
                KIND,
                f"{action} {name}",
                lambda place, d=damage, a=action: _asked(place, d, a),
                codes=lawful,
                within=None,
                says=("broken",),
                ours=("models", "out.zip"),
            )
        yield Case(
            KIND,
            f"doctor {name}",
            lambda place, d=damage: (d(_model(place)), ["doctor"])[1],
            codes=EITHER,
            within=None,
            quick=False,
        )


def _asked(place: Path, damage: Damage, action: str) -> list[str]:
    damage(_model(place))
    return ["models", action, "broken", *([str(place / "out.zip")] if action == "export" else [])]


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for entry, values in ENTRIES.items():
        for number, value in enumerate(values):
            yield from _both(f"{entry} {number}", _entry(entry, value))
    yield from _of_numbers()
    yield from _of_flipped_graphs()
    yield from _of_other_commands()
    for name, data in TEXTS.items():
        yield from _both(name, _text(data))
    weights = sorted(path.name for path in real_model().glob("*.safetensors"))[0]
    for file in (weights, "openvino.xml", "openvino.bin"):
        for name, data in {
            "empty": b"",
            "text": b"hello",
            "zeros": bytes(5000),
            "a long header": struct.pack("<Q", 1 << 60) + bytes(99),
        }.items():
            yield from _both(f"{file} {name} unhashed", _file(file, data, hashed=False))
            yield from _both(f"{file} {name}", _file(file, data, hashed=True))
        yield from _both(f"{file} gone", lambda folder, f=file: (folder / f).unlink())
        yield from _both(f"{file} of a terabyte", _sparse(file))
        yield from _both(f"{file} a pipe", _instead(file, os.mkfifo))
        yield from _both(f"{file} a folder", _instead(file, Path.mkdir))
        yield from _both(f"{file} a loop", _instead(file, lambda path: os.symlink(path.name, path)))
        yield from _both(f"{file} a device", _instead(file, lambda path: os.symlink("/dev/zero", path)))
    others: dict[str, Callable[[Path], object]] = {
        "a pipe": os.mkfifo,
        "a folder": Path.mkdir,
        "a device": lambda p: os.symlink("/dev/zero", p),
        "a loop": lambda p: os.symlink(p.name, p),
    }
    for name, make in others.items():
        yield from _both(f"description {name}", _instead(MANIFEST, make))
    for action in ("list", "verify", "where"):
        yield Case(
            KIND,
            f"{action} closed models",
            lambda place, a=action: _closed(place, a),
            codes=EITHER,
            within=None,
            unprivileged=True,
        )
    for word in ("a file", "a loop", "a pipe"):
        yield Case(
            KIND, f"models are {word}", lambda place, w=word: _models_are(place, w), codes=EITHER, within=None
        )


def _closed(place: Path, action: str) -> list[str]:
    _model(place).chmod(0)
    (place / "models").chmod(0o500)
    return ["models", action]


def _models_are(place: Path, word: str) -> list[str]:
    path = place / "models"
    {
        "a file": lambda: path.write_bytes(b""),
        "a loop": lambda: os.symlink("models", path),
        "a pipe": lambda: os.mkfifo(path),
    }[word]()
    return ["models"]
