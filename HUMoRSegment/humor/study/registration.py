"""Rigid registration of a study's sequences to the reference, for scans between which the head moved.

Only the affine of a moved sequence changes: no voxel is interpolated here, so that each sequence is
interpolated once, later, on its way to the working grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..memory.shortage import is_memory_failure
from ..warnings import RunWarning, warn
from .grid import Grid
from .resampling import interpolate
from .volume import Volume

SEED = 1  # of the sampled voxels: every run takes the same
SPACING = 2.0  # mm; finer voxels cost time and gain less than a tenth of a voxel
# Smaller moves are within the method's own precision, and would cost an interpolation.
NEGLIGIBLE_MOVE = 1.0  # mm
NEGLIGIBLE_TURN = 0.5  # degrees
LARGEST_MOVE = 250.0  # mm; scanners may put the same head that far apart
LARGEST_TURN = 40.0  # degrees


@dataclass(frozen=True)
class Search:
    """How the best move is looked for, from coarse to fine.

    Attributes:
        shrinks: by level, how many voxels become one.
        sigmas_mm: by level, of the smoothing before.
        sampled: share of the voxels that count.
    """

    shrinks: tuple[int, ...]
    sigmas_mm: tuple[float, ...]
    sampled: float


FINE = Search((3, 2, 1), (4.0, 2.0, 0.0), 0.25)
"""For pictures of 2 mm: 0.1 mm."""
QUICK = Search((2, 1), (4.0, 2.0), 0.5)
"""For pictures of 4 mm: 1 or 2 mm and degrees, in a tenth of the time."""
Picture = Any
"""A SimpleITK image; the library is imported only where one is made."""
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def register_to(volumes: dict[str, Volume], reference: str) -> tuple[dict[str, Volume], list[RunWarning]]:
    """Align every sequence with the reference by mutual information.

    Mattes et al. 2003, IEEE Trans. Med. Imaging 22:120-128.

    Returns:
        the volumes with new affines, and what was done, for the user. A result that does not
        look like success is thrown away, with a warning.
    """
    fixed = _image(volumes[reference])
    aligned, notes = dict(volumes), []
    for name, volume in volumes.items():
        if name == reference:
            continue
        move, before, after = rigid_move(fixed, _image(volume))
        shift, turn = size_of(move, volume.grid)
        near = max(shift / NEGLIGIBLE_MOVE, turn / NEGLIGIBLE_TURN)
        if near <= 1 or (after >= before and near <= 3):  # it lay right, and the search led nowhere else
            continue
        if after >= before or shift > LARGEST_MOVE or turn > LARGEST_TURN:
            notes.append(warn("registration_failed", file=volume.path.name, sequence=name))
        else:
            grid = Grid(volume.grid.shape, np.linalg.inv(move) @ volume.grid.affine)
            aligned[name] = replace(volume, grid=grid)
            values = {"shift_mm": shift, "turn_degrees": turn, "target": reference}
            notes.append(warn("registered", file=volume.path.name, sequence=name, **values))
    return aligned, notes


def rigid_move(fixed: Picture, moving: Picture, search: Search = FINE) -> tuple[np.ndarray, float, float]:
    """The move that fits two pictures best, and the cost before and after (the lower, the better).

    Returns:
        the move as 4×4, RAS, from a place in the fixed picture's world to the one in the moving picture's.
    """
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(search.sampled, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 120, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(search.shrinks)
    method.SetSmoothingSigmasPerLevel(search.sigmas_mm)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    kinds = sitk.CenteredTransformInitializerFilter
    starts = [
        sitk.CenteredTransformInitializer(fixed, moving, sitk.Euler3DTransform(), kind)
        for kind in (kinds.GEOMETRY, kinds.MOMENTS)
    ]
    in_place = sitk.Euler3DTransform(starts[0])
    in_place.SetTranslation((0.0, 0.0, 0.0))
    before = _cost(method, fixed, moving, in_place)
    best = min([in_place, *starts], key=lambda start: _cost(method, fixed, moving, start))
    transform = sitk.Euler3DTransform(best)
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed, moving)
    return _matrix(transform), before, _cost(method, fixed, moving, transform)


def _cost(method: Any, fixed: Picture, moving: Picture, transform: Any) -> float:
    method.SetInitialTransform(transform)
    try:
        return float(method.MetricEvaluate(fixed, moving))
    except RuntimeError as error:  # the two do not overlap there
        if is_memory_failure(error):
            raise
        return np.inf


def _image(volume: Volume) -> Picture:
    """A small picture of the volume."""
    grid = volume.grid.to_working_axes().with_spacing(SPACING)
    values, inside = interpolate(volume.data, volume.grid, grid)
    values[~inside] = values.min()
    return picture(values * np.sign(volume.slope), grid)


def picture(values: np.ndarray, grid: Grid) -> Picture:
    """A SimpleITK image of ``values[i, j, k]``, with its place in LPS."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values.transpose(2, 1, 0))
    affine = _LPS_TO_RAS @ grid.affine
    image.SetSpacing(list(grid.spacing))
    image.SetDirection((affine[:3, :3] / np.array(grid.spacing)).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    return image


def _matrix(transform: Any) -> np.ndarray:
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, translation = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation + centre - rotation @ centre
    return _LPS_TO_RAS @ matrix @ _LPS_TO_RAS


def size_of(move: np.ndarray, grid: Grid) -> tuple[float, float]:
    """How far the centre of a grid moves (mm) and how much the grid turns (degrees)."""
    centre = grid.affine @ np.array([*(np.array(grid.shape) - 1) / 2, 1.0])
    back = np.linalg.inv(move)
    shift = float(np.linalg.norm((back @ centre - centre)[:3]))
    cosine = np.clip((np.trace(move[:3, :3]) - 1) / 2, -1, 1)
    return shift, float(np.degrees(np.arccos(cosine)))
