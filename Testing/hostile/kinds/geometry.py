"""Images that lie, look or are cut as scanners and tools do it, and as they should not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk

from humor.output.names import LABEL_MAP

from ..case import DONE, REFUSED, Case, Happened
from ..made_study import image, segment, with_flair

KIND = "geometry"
Change = Callable[[Any], Any]


def _flair(change: Change) -> Callable[[Path], list[str]]:
    return with_flair(lambda path: nibabel.save(change(image("flair")), path))


def _turned(order: tuple[int, ...], flips: tuple[int, ...]) -> Change:
    """The same image in the same place, with other axes."""
    return lambda made: made.as_reoriented(np.array([order, flips], float).T)


def _cropped(*box: slice) -> Change:
    return lambda made: made.slicer[box]


def _every(axis: int, step: int) -> Change:
    def thin(made: Any) -> Any:
        return made.slicer[tuple(slice(None, None, step if axis == at else 1) for at in range(3))]

    return thin


def _placed(move: np.ndarray) -> Change:
    return lambda made: nibabel.Nifti1Image(np.asarray(made.dataobj), move @ made.affine)


def _scale(*factors: float) -> np.ndarray:
    return np.diag([*factors, 1.0])


def _shift(*millimetres: float) -> np.ndarray:
    move = np.eye(4)
    move[:3, 3] = millimetres
    return move


def _array(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda made: nibabel.Nifti1Image(change(np.asarray(made.dataobj)), made.affine)


def _units(code: str, factor: float) -> Change:
    def change(made: Any) -> Any:
        affine = made.affine.copy()
        affine[:3] *= factor
        found = nibabel.Nifti1Image(np.asarray(made.dataobj), affine)
        found.header.set_xyzt_units(code)
        return found

    return change


def _forms(sform: np.ndarray, sform_code: int, qform: np.ndarray, qform_code: int) -> Change:
    """A header whose two forms say what they are told, each as a move of the right place."""

    def change(made: Any) -> Any:
        made.set_sform(sform @ made.affine, sform_code)
        made.set_qform(qform @ made.affine, qform_code)
        made.header["pixdim"][1:4] = 1
        return made

    return change


def _reference(change: Change) -> Callable[[Path], list[str]]:
    """A changed FLAIR alone, on whose grid the result lies."""

    def prepare(place: Path) -> list[str]:
        (place / "in").mkdir()
        nibabel.save(change(image("flair")), place / "in" / "flair.nii")
        return segment(place)

    return prepare


def _as_itk_sees_it(place: Path, happened: Happened) -> list[str]:
    """For ITK, and so for 3D Slicer, the result lies where its input lies."""
    found = []
    for path in (place / "in" / "flair.nii", place / "out" / LABEL_MAP):
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError:  # it refuses sheared images; the result of one need not be
            return []
        found.append((*reader.GetOrigin(), *reader.GetDirection(), *reader.GetSpacing(), *reader.GetSize()))
    if np.allclose(found[0], found[1], atol=1e-3):
        return []
    return [f"for ITK the result lies at {found[1]}, its input at {found[0]}"]


def _of_forms() -> Iterator[Case]:
    """sform and qform: each missing, right, moved, turned, sheared or scaled, with every code."""
    moves = {
        "right": np.eye(4),
        "moved": _shift(7, -4, 11),
        "turned": np.diag([-1.0, -1, 1, 1]),
        "scaled": _scale(1.05, 1.05, 1.05),
    }
    for (s_name, sform), (q_name, qform) in product(moves.items(), moves.items()):
        for s_code, q_code in ((1, 1), (2, 1), (1, 2), (4, 4), (0, 1), (1, 0), (3, 0)):
            if "right" not in (s_name, q_name) and (s_code, q_code) != (2, 1):
                continue
            yield Case(
                KIND,
                f"sform {s_name} {s_code}, qform {q_name} {q_code}",
                _reference(_forms(sform, s_code, qform, q_code)),
                codes=DONE,
                within=None,
                check=_as_itk_sees_it,
                quick=s_code == 2,
            )
    yield Case(
        KIND,
        "neither sform nor qform",
        _reference(_forms(np.eye(4), 0, np.eye(4), 0)),
        codes=DONE,
        within=None,
        check=_as_itk_sees_it,
    )


def _of_spacings() -> Iterator[Case]:
    """Voxels of every size; those of no head are refused, the others segmented."""
    for size in (1e-30, 1e-9, 1e-5, 1e-3, 0.01, 0.04, 0.06, 0.2, 0.5, 0.7, 2.0, 5.0, 19.0, 21.0, 1e3, 1e9):
        for axes in ((2,),) if size == 5.0 else ((0, 1, 2), (2,)):  # 400 mm a side take their time
            factors = [size if axis in axes else 1.0 for axis in range(3)]
            yield Case(
                KIND,
                f"voxels of {size:g} mm along {len(axes)}",
                _reference(_placed(_scale(*factors))),
                says=("flair",),
                within=None,
                check=_as_itk_sees_it,
                quick=not 1 < size < 10,
            )


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for order in permutations(range(3)):
        for flips in product((1, -1), repeat=3):
            name = f"axes {''.join(map(str, order))} {''.join('+-'[way < 0] for way in flips)}"
            yield Case(KIND, name, _flair(_turned(order, flips)), codes=DONE)
    for axis, step in product(range(3), (2, 3, 5)):
        yield Case(KIND, f"every {step} along {axis}", _flair(_every(axis, step)), codes=DONE, within=0.35)
    yield from _of_forms()
    yield from _of_spacings()
    all_ = slice(None)
    for name, box in {
        "one slice": (all_, all_, slice(40, 41)),
        "three slices": (all_, all_, slice(40, 43)),
        "seven rows": (slice(30, 37), all_, all_),
    }.items():
        yield Case(KIND, name, _flair(_cropped(*box)), says=("flair",), codes=REFUSED, within=None)
    for name, box in {
        "half": (all_, all_, slice(0, 40)),
        "a corner": (slice(0, 30), slice(0, 30), slice(0, 30)),
        "without rim": (slice(4, 76), slice(4, 76), slice(4, 76)),
    }.items():
        yield Case(KIND, name, _flair(_cropped(*box)), warns=("FLAIR", "flair"), within=0.25)
    moves = {
        "a kilometre away": _shift(1e6, 0, 0),
        "a metre away": _shift(0, 1e3, 0),
        "behind": _shift(0, 0, -200.0),
        "scaled by 10": _scale(10, 10, 10),
        "scaled by a tenth": _scale(0.1, 0.1, 0.1),
        "scaled by 1000": _scale(1e3, 1e3, 1e3),
        "flat": _scale(1, 1, 1e-9),
        "thin": _scale(1, 1, 1e-3),
        "long": _scale(1, 1, 30),
    }
    for name, move in moves.items():
        yield Case(KIND, name, _flair(_placed(move)), says=("flair",), warns=("FLAIR", "flair"))
    shear = np.eye(4)
    shear[0, 1] = 0.4
    yield Case(KIND, "sheared", _flair(_placed(shear)), says=("flair",), warns=("FLAIR", "flair", "shear"))
    for name, change in {
        "two dimensions": _array(lambda data: data[:, :, 40]),
        "one dimension": _array(lambda data: data[:, 40, 40]),
        "five dimensions": _array(lambda data: np.stack([data[..., None]] * 2, axis=-1)),
        "colours": _array(lambda data: np.zeros(data.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])),
        "complex": _array(lambda data: data.astype(np.complex64)),
    }.items():
        yield Case(KIND, name, _flair(change), codes=REFUSED, says=("flair",), within=None)
    yield Case(KIND, "a fourth axis of one", _flair(_array(lambda data: data[..., None])), codes=DONE)
    yield Case(
        KIND, "a sixth axis of one", _flair(_array(lambda data: data[..., None, None, None])), codes=DONE
    )
    for code, factor in (("meter", 1e-3), ("micron", 1e3)):
        yield Case(
            KIND, f"in {code}s", _flair(_units(code, factor)), says=("flair",), warns=("FLAIR", "flair")
        )
