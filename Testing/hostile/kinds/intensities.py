"""Numbers that are no grey values: extreme, missing, flat, of other types and scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np

from ..case import DONE, REFUSED, Case
from ..made_study import images, with_flair

KIND = "intensities"
Change = Callable[[np.ndarray], np.ndarray]
NAN = float("nan")


def _flair(change: Change) -> Callable[[Path], list[str]]:
    def write(path: Path) -> None:
        data, affine = images()[0]["flair"], images()[1]
        with np.errstate(all="ignore"):
            changed = change(data.astype(np.float64))
            nibabel.save(nibabel.Nifti1Image(changed, affine, dtype=changed.dtype), path)

    return with_flair(write)


def _voxels(value: float, count: int) -> Change:
    def change(data: np.ndarray) -> np.ndarray:
        places = np.random.default_rng(count).choice(data.size, count, replace=False)
        data.ravel()[places] = value
        return data if abs(value) > 1e38 else data.astype(np.float32)

    return change


def _background(value: float) -> Change:
    return lambda data: np.where(data > 0, data, value).astype(np.float32)


def _box(value: float, edge: int) -> Change:
    def change(data: np.ndarray) -> np.ndarray:
        data[30 : 30 + edge, 30 : 30 + edge, 30 : 30 + edge] = value
        return data.astype(np.float32)

    return change


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    told = {"says": ("flair",), "warns": ("flair", "FLAIR")}
    for kind in ("u1", "i1", "u2", "i4", "u4", "i8", "u8", "f4", "f8"):
        top = {"u1": 255, "i1": 127}.get(kind, 4000)
        yield Case(
            KIND,
            f"type {kind}",
            _flair(lambda d, k=kind, t=top: (d / d.max() * t).round().astype(k)),
            codes=DONE,
            within=0.25,
        )
    for scale in (1e-300, 1e-45, 1e-38, 1e-30, 1e-12, 1e-4, 1e4, 1e12, 1e30, 1e35, 1e200, 1e298):
        yield Case(KIND, f"scaled by {scale:g}", _flair(lambda d, s=scale: d * s), **told)  # type: ignore
    for offset in (-1e6, -1000, 1000, 1e5):
        yield Case(KIND, f"shifted by {offset:g}", _flair(lambda d, o=offset: d + o * (d > 0)), **told)  # type: ignore
    for value in (1e5, 1e12, 3e38, 1e300, -1e12, -3e38, NAN):
        for count in (1, 10, 200):
            yield Case(KIND, f"{count} voxels of {value:g}", _flair(_voxels(value, count)), **told)  # type: ignore
    for value in (NAN, -1000.0, -1.0, 1e-9, float("inf"), -float("inf")):
        yield Case(KIND, f"background of {value:g}", _flair(_background(value)), **told)  # type: ignore
    for value in (NAN, 0.0, float("inf")):
        yield Case(KIND, f"a box of {value:g}", _flair(_box(value, 20)), within=None, says=("flair",))
    flat: dict[str, Change] = {
        "all zero": np.zeros_like,
        "all one": np.ones_like,
        "all NaN": lambda d: np.full_like(d, NAN),
        "one voxel": lambda d: (np.arange(d.size) == 5).reshape(d.shape).astype(np.float32),
        "a mask": lambda d: (d > 0).astype(np.uint8),
        "a mask of 255": lambda d: ((d > 0) * 255).astype(np.uint8),
    }
    for name, change in flat.items():
        yield Case(KIND, name, _flair(change), codes=REFUSED, says=("flair",), within=None)
    yield Case(
        KIND, "noise of the last bit", _flair(lambda d: 1 + (d % 2) * 1e-7), within=None, says=("flair",)
    )
    yield Case(
        KIND, "a checkerboard", _flair(lambda d: (np.indices(d.shape).sum(0) % 2) * 100.0), within=None
    )
    yield Case(KIND, "a ramp", _flair(lambda d: np.indices(d.shape)[0] * 10.0), within=None)
    yield Case(KIND, "inverted", _flair(lambda d: (d.max() - d) * (d > 0)), within=None)
    yield Case(KIND, "squared", _flair(lambda d: d**2), within=None)
    yield Case(KIND, "clipped at a percentile", _flair(lambda d: d.clip(0, np.percentile(d, 99))), codes=DONE)
