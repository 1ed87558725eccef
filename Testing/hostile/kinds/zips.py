"""Models as zips: damaged, dangerous, too large; and what is no zip, or no place for one."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from humor.bundle.archive import export_bundle
from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import MANIFEST
from humor.bundle.store import DEFAULT_BUNDLE

from ..case import EITHER, REFUSED, REFUSED_OR_WRONG, Case
from .bundles import real_model

KIND = "zips"


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    manifest = (real_model() / MANIFEST).read_bytes()
    zips: dict[str, Callable[[], bytes]] = {
        "nothing": lambda: b"",
        "text": lambda: b"hello" * 100,
        "half": lambda: _zip()[: len(_zip()) // 2],
        "without its end": lambda: _zip()[:-30],
        "changed inside": lambda: _zip()[:5000] + b"\0" * 50 + _zip()[5050:],
        "only a description": lambda: _zipped(**{f"m/{MANIFEST}": manifest}),
        "two descriptions": lambda: _zipped(**{f"m/{MANIFEST}": manifest, f"n/{MANIFEST}": manifest}),
        "outside": lambda: _zipped(**{f"m/{MANIFEST}": manifest, "../../evil": b"x"}),
        "absolute": lambda: _zipped(**{f"m/{MANIFEST}": manifest, "/tmp/evil": b"x"}),
        "a bomb": lambda: _zipped(**{f"m/{MANIFEST}": manifest, "m/x": bytes(200 << 20)}),
        "a long description": lambda: _zipped(**{f"m/{MANIFEST}": b" " * (9 << 20)}),
        "many members": lambda: _zipped(**{f"m/{n}": b"" for n in range(2000)}),
        "flags encrypted": lambda: _patched(6, 1),
        "flags strong": lambda: _patched(6, 65),
        "flags patch": lambda: _patched(6, 32),
        "method 99": lambda: _patched(8, 99),
        "method lzma": lambda: _patched(8, 14),
        "version 99": lambda: _patched(4, 99),
    }
    for name, make in zips.items():
        yield Case(
            KIND,
            f"zip {name}",
            lambda place, m=make: _import(place, m()),
            codes=EITHER if "version" in name else REFUSED,
            within=None,
            says=("model.zip",),
            ours=("models",),
        )
    for number in range(25):
        yield Case(
            KIND,
            f"zip flipped {number}",
            lambda place, n=number: _import(place, _flipped(n)),
            codes=EITHER,
            within=None,
            says=("model.zip",),
            ours=("models",),
            quick=number < 5,
        )
    yield Case(
        KIND, "export onto a file", lambda place: _export(place, "there.zip"), codes=REFUSED, within=None
    )
    for name in ("x.txt", "no/such/folder.zip", "x" * 300 + ".zip", "~nosuch/x.zip"):
        yield Case(
            KIND,
            f"export to {name[:30]}",
            lambda place, n=name: _export(place, n),
            codes=REFUSED_OR_WRONG,
            within=None,
        )
    for name in (
        "/dev/zero",
        "/dev/urandom",
        "/dev/null",
        "/dev/stdin",
        "/proc/self/mem",
        "/etc",
        "nowhere.zip",
        "x" * 300,
        "~nosuch/x.zip",
    ):
        yield Case(
            KIND,
            f"import {name[:30]}",
            lambda place, n=name: ["models", "import", n],
            codes=REFUSED_OR_WRONG,
            within=None,
        )
    yield Case(KIND, "import a pipe", _import_a_pipe, codes=REFUSED_OR_WRONG, within=None)
    yield Case(KIND, "import a terabyte", _import_a_terabyte, codes=REFUSED_OR_WRONG, within=None)


@cache
def _zip() -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        export_bundle(load_bundle(real_model()), Path(folder) / "a.zip")
        return (Path(folder) / "a.zip").read_bytes()


def _zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def _patched(offset: int, value: int) -> bytes:
    """A byte of the first entry of the central directory, and of its local header, set to a value."""
    data = bytearray(_zip())
    data[data.index(b"PK\x01\x02") + 2 + offset] = value
    data[offset] = value
    return bytes(data)


def _flipped(number: int) -> bytes:
    chance = random.Random(number)
    data = bytearray(_zip())
    # The first and the last few kilobytes hold the structure, the middle the weights.
    at = chance.choice(
        [chance.randrange(3000), len(data) - 1 - chance.randrange(1500), chance.randrange(len(data))]
    )
    data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def _import(place: Path, data: bytes) -> list[str]:
    (place / "model.zip").write_bytes(data)
    return ["models", "import", str(place / "model.zip")]


def _import_a_pipe(place: Path) -> list[str]:
    os.mkfifo(place / "model.zip")
    return ["models", "import", str(place / "model.zip")]


def _import_a_terabyte(place: Path) -> list[str]:
    with open(place / "model.zip", "wb") as file:
        file.truncate(1 << 40)
    return ["models", "import", str(place / "model.zip")]


def _export(place: Path, name: str) -> list[str]:
    (place / "there.zip").write_bytes(b"mine")
    return ["models", "export", DEFAULT_BUNDLE, str(place / name) if name[0] != "~" else name]
