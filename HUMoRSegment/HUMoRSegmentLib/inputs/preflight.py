"""What is to be known about the chosen volumes before a run: one line for each sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.sequences import DISPLAY_NAMES, SEQUENCES
from humor.study.brain import COVERAGE_TO_WARN, SMALLEST_BRAIN_ML, Foreground, find_foreground
from humor.study.case_building import REFERENCE_ORDER, SPACING_TOLERANCE
from humor.study.grid import SMALLEST_AXIS, Grid
from humor.study.volume import Volume

from ..scene.geometry import missing_image, moved_non_linearly, own_grid, title, world_grid

OK, WARNING, ERROR = "ok", "warning", "error"
_LEVELS = (OK, WARNING, ERROR)

THICK_MM = 3.0
"""Voxels longer than this hide small parts of a tumour."""
_THICK_TOLERANCE = 0.01  # mm; headers round

Finding = tuple[str, str]
"""Level and sentence."""
COARSE_MM = 3.0
"""Voxel size to which volumes are thinned out; larger ones stay. A head has some 100,000 such voxels."""
PLACES = 20_000
"""Foreground voxels with which the overlap is measured; tells per cents apart."""


@dataclass(frozen=True)
class Check:
    """The line of one sequence.

    Attributes:
        sequence: ``t1``, ``t1c``, ``t2`` or ``flair``.
        level: ``ok``, ``warning`` or ``error``, the worst of its findings.
        sentence: all findings, worst first.
    """

    sequence: str
    level: str
    sentence: str


@dataclass(frozen=True)
class Seen:
    """A volume that can be segmented.

    Attributes:
        data: ``[k, j, i]``, all its voxels, not copied.
        grid: of all its voxels ``[i, j, k]``, in the world; under a non-linear transform before it.
        bent: whether there is such a transform, so that ``grid`` is not where it is.
        coarse_grid: of the thinned voxels.
        foreground: brain or head on ``coarse_grid``.
    """

    data: np.ndarray
    grid: Grid
    bent: bool
    coarse_grid: Grid
    foreground: Foreground

    def places(self) -> np.ndarray:
        """World places ``[4, n]`` (RAS, homogeneous) of evenly chosen foreground voxels."""
        indices = np.argwhere(self.foreground.mask)
        indices = indices[:: max(1, len(indices) // PLACES)]
        return self.coarse_grid.affine @ np.column_stack([indices, np.ones(len(indices))]).T


def preflight(sequences: Mapping[str, Any], reference: str = "") -> list[Check]:
    """Check the chosen volumes. Changes nothing.

    Args:
        sequences: sequence → scalar volume node, or None.
        reference: the sequence on whose grid results are wanted; empty for the engine's choice.

    Returns:
        A check for each sequence that has a node, in sequence order.
    """
    nodes = {name: sequences[name] for name in SEQUENCES if sequences.get(name) is not None}
    looks = {name: look_at(node) for name, node in nodes.items()}
    seen = {name: look for name, look in looks.items() if isinstance(look, Seen)}
    findings: dict[str, list[Finding]] = {
        name: [(ERROR, look)] if isinstance(look, str) else [] for name, look in looks.items()
    }
    twice = _given_twice(nodes, seen)
    chosen = reference if reference in seen else _default_reference(seen)
    for name, volume in seen.items():
        findings[name] += [*twice.get(name, []), *_about_skull(volume), *_about_spacing(volume)]
        findings[name] += _about_transform(volume)
        if name != chosen and name not in twice:
            findings[name] += _about_place(volume, seen[chosen], DISPLAY_NAMES[chosen])
    return [_check(name, found) for name, found in findings.items()]


def _check(name: str, findings: list[Finding]) -> Check:
    ordered = sorted(findings, key=lambda finding: -_LEVELS.index(finding[0]))
    return Check(name, ordered[0][0], " ".join(sentence for _level, sentence in ordered))


def _default_reference(seen: Mapping[str, Seen]) -> str:
    """The engine's choice: the smallest voxels, in a tie T1c, FLAIR, T2, T1."""
    smallest = min((volume.grid.voxel_ml for volume in seen.values()), default=0.0)
    fitting = (
        name
        for name in REFERENCE_ORDER
        if name in seen and seen[name].grid.voxel_ml <= smallest * (1 + SPACING_TOLERANCE)
    )
    return next(fitting, "")


def _given_twice(nodes: Mapping[str, Any], seen: Mapping[str, Seen]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for first, second in combinations(seen, 2):
        if nodes[first] is nodes[second]:
            text = _("The same volume is also chosen as {other}. Choose another one, or none.")
        elif _same_values(seen[first].data, seen[second].data):
            text = _("It shows the same image as {other}. Choose another one, or none.")
        else:
            continue
        for name, other in ((first, second), (second, first)):
            found.setdefault(name, []).append((ERROR, text.format(other=DISPLAY_NAMES[other])))
    return found


def _same_values(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two images agree in every voxel; almost always decided by one slice."""
    if one.shape != other.shape:
        return False
    middle = len(one) // 2
    parts = ((one[middle], other[middle]), (one, other))
    return all(np.allclose(a, b, rtol=1e-5, atol=0, equal_nan=True) for a, b in parts)


def _about_skull(volume: Seen) -> list[Finding]:
    foreground = volume.foreground
    if foreground.volume_ml == 0:
        return [(WARNING, _("Nothing in it looks like a head."))]
    if not foreground.stripped:
        text = _(
            "The head is not skull-stripped, but the model was made for skull-stripped brains: strip the "
            "skull first if you can."
        )
        return [(WARNING, text)]
    if foreground.volume_ml < SMALLEST_BRAIN_ML:
        text = _("Only {volume} ml look like brain: the image is cut off, or shows no brain.")
        return [(WARNING, text.format(volume=round(foreground.volume_ml)))]
    return [(OK, _("Skull-stripped brain."))]


def _about_spacing(volume: Seen) -> list[Finding]:
    thickest = max(volume.grid.spacing)
    if thickest > THICK_MM + _THICK_TOLERANCE:
        text = _("The slices are {thickness} mm apart: small parts of a tumour can be missed.")
        return [(WARNING, text.format(thickness=_short(thickest)))]
    lengths = " × ".join(_short(length) for length in volume.grid.spacing)
    return [(OK, _("Voxels of {lengths} mm.").format(lengths=lengths))]


def _about_transform(volume: Seen) -> list[Finding]:
    if not volume.bent:
        return []
    return [
        (
            WARNING,
            _(
                "It is under a non-linear transform: a resampled copy is segmented, and whether it lies on "
                "the other volumes is not checked."
            ),
        )
    ]


def _about_place(volume: Seen, reference: Seen, name: str) -> list[Finding]:
    """How a volume lies to the reference, which has this name."""
    if volume.bent or reference.bent:
        return []
    covered, back = _share_seen(reference, volume), _share_seen(volume, reference)
    if covered is None or back is None:
        return []
    if covered == 0 or back == 0:
        text = _(
            "It does not overlap with {reference}. Check that both show the same patient and visit, or "
            "register them."
        )
        return [(ERROR, text.format(reference=name))]
    findings = []
    if covered < COVERAGE_TO_WARN:
        text = _(
            "It covers only {share} % of what {reference} shows: it is cut off, or not registered to it."
        )
        findings.append((WARNING, text.format(share=max(1, int(covered * 100)), reference=name)))
    if not volume.grid.same_as(reference.grid):
        findings.append(
            (
                OK,
                _("Its voxel grid differs from that of {reference}: it is resampled.").format(reference=name),
            )
        )
    return findings


def _share_seen(wanted: Seen, by: Seen) -> float | None:
    """Share of the foreground of one volume that another one shows; None if there is no foreground.

    Where both are brains without skull, shown means brain there, which also finds a brain that is
    elsewhere in the same box; else it means inside the image.
    """
    places = wanted.places()
    if places.shape[1] == 0 or by.foreground.volume_ml == 0:
        return None
    indices = np.rint(np.linalg.solve(by.coarse_grid.affine, places)[:3]).astype(int)
    limits = np.array(by.coarse_grid.shape)[:, None]
    inside = np.logical_and.reduce((indices >= 0) & (indices < limits), axis=0)
    if wanted.foreground.stripped and by.foreground.stripped:
        inside[inside] = by.foreground.mask[tuple(indices[:, inside])]
    return float(inside.mean())


def _short(length: float) -> str:
    return f"{length:.2f}".rstrip("0").rstrip(".")


def look_at(node: Any) -> Seen | str:
    """What the checks need of a node, or the sentence why it cannot be segmented."""
    if problem := refusal(node):
        return problem
    data, bent = slicer.util.arrayFromVolume(node), moved_non_linearly(node)
    if problem := value_refusal(node, data):
        return problem
    try:
        grid = own_grid(node) if bent else world_grid(node)
    except InputError as error:
        return str(error)
    steps = [max(1, round(COARSE_MM / length)) for length in grid.spacing]
    coarse = np.ascontiguousarray(data[:: steps[2], :: steps[1], :: steps[0]]).T
    coarse_grid = Grid(coarse.shape, grid.affine @ np.diag([*map(float, steps), 1.0]))
    volume = Volume(_finite(coarse), 1.0, 0.0, coarse_grid, Path())
    return Seen(data, grid, bent, coarse_grid, find_foreground(volume))


def refusal(node: Any) -> str:
    """Why a node cannot be a sequence, with a remedy, as a sentence; empty if it can.

    Only what can be told without looking at the voxels.
    """
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        return _("{node} is not a volume. Choose a scalar volume.").format(node=title(node))
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        return _("{node} is a label map, not an MRI. Choose the image itself.").format(node=title(node))
    if problem := missing_image(node):
        return problem
    image = node.GetImageData()
    if node.IsA("vtkMRMLTensorVolumeNode") or image.GetNumberOfScalarComponents() != 1:
        return _(
            "{node} has several values in a voxel (colours, directions or tensors). "
            "Choose a grey-scale volume."
        ).format(node=title(node))
    if min(image.GetDimensions()) < SMALLEST_AXIS:
        return _(
            "{node} is too thin: {size} voxels, at least {least} are needed along every axis. "
            "Choose the whole 3-D sequence."
        ).format(node=title(node), size=" × ".join(map(str, image.GetDimensions())), least=SMALLEST_AXIS)
    return ""


def value_refusal(node: Any, data: np.ndarray) -> str:
    """Why the voxels of a node are no image, as a sentence; empty if they are one."""
    low, high = data.min(), data.max()  # either is NaN if any voxel is
    if np.isinf(low) or np.isinf(high):
        return _("{node} has infinite values. Clip them, or load it again.").format(node=title(node))
    if np.isnan(low):
        low, high = np.fmin.reduce(data, axis=None), np.fmax.reduce(data, axis=None)
    if low == high or np.isnan(low):
        return _("{node} has the same value everywhere: there is no image in it. Leave it out.").format(
            node=title(node)
        )
    return ""


def _finite(data: np.ndarray) -> np.ndarray:
    """NaN as background, below all other values, as the engine takes it."""
    if data.dtype.kind != "f" or not np.isnan(data).any():
        return data
    low, high = np.nanmin(data), np.nanmax(data)
    return np.where(np.isnan(data), (low - 0.1 * (high - low or 1)).astype(data.dtype), data)
