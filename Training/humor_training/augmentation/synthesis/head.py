"""A patient's head: the average brain, bent at random and pushed aside by a tumour."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import pad

from humor.box import mask_box
from humor.errors import HumorError, UsageError
from humor.study.grid import Grid
from humor.study.resampling import place, voxel_map
from humor.study.study import read_volume

from ..chance import log_between
from ..config import SynthesisConfig
from ..warping import Size, box_mean, from_knots, knot_grid, knot_places, smooth_field, warp

GRAIN = 5.0
"""mm between the knots of the map from the patient to the template."""
BENDS = ((60.0, 3.5), (18.0, 1.1))
"""mm between independent random displacements, and their deviation in mm: lobes, then gyri."""
SIZE = 0.06
DEPTH = 9
"""mm between the surface of the brain and the middle of a tumour, at least."""
SKULL = 14.0
"""mm from the surface over which the brain gives way less and less."""
EDGES = 16
"""Lengths of a case are multiples of this."""


@dataclass(frozen=True)
class TumourPlan:
    """A tumour that is to be.

    Attributes:
        centre: in voxels of the patient.
        core_ml, oedema_ml: its volumes.
        swelling: part of the core's volume that pushes the brain aside.
        side: -1 or 1: towards which end of the last axis the tumour lies.
    """

    centre: np.ndarray
    core_ml: float
    oedema_ml: float
    swelling: float
    side: int

    @property
    def radius(self) -> float:
        """Of a ball as large as the core, in mm."""
        return (self.core_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)


@dataclass(frozen=True)
class Head:
    """Tissues of a patient, ``[D, H, W]`` at 1 mm.

    Attributes:
        brain: bool.
        grey, white, fluid: 0 to 1, together 1 in the brain.
        myelin: as the last map of ``Template``.
        across: mm from the middle plane, positive on the tumour's side.
    """

    brain: Tensor
    grey: Tensor
    white: Tensor
    fluid: Tensor
    myelin: Tensor
    across: Tensor


def draw_head(
    template: Template, config: SynthesisConfig, rng: np.random.Generator
) -> tuple[Head, TumourPlan]:
    """A random head, and the tumour for which its tissues make room."""
    size = _size(template)
    control = _bent(template, size, rng)
    plan = _planned(template, control, size, config, rng)
    maps = warp(template.maps, torch.from_numpy(_pushed(control, plan, template, size)), GRAIN, size)
    return _cropped(_tissues(maps, control, plan, template, rng), plan)


def _size(template: Template) -> Size:
    depth, height, width = (int(length * (1 + SIZE)) for length in template.maps.shape[1:])
    return depth, height, width


def _bent(template: Template, size: Size, rng: np.random.Generator) -> np.ndarray:
    """Template voxels ``[3, d, h, w]`` at the knots: a head of another size and shape."""
    middle = (np.array(size)[:, None, None, None] - 1) / 2
    there = (np.array(template.maps.shape[1:])[:, None, None, None] - 1) / 2
    scale = 1 + rng.uniform(-SIZE, SIZE, 3)
    control = (knot_grid(size, GRAIN) - middle) * scale[:, None, None, None] + there
    for grain, strength in BENDS:
        coarse = rng.normal(0, strength, (3, *(_count(n, grain) for n in size)))
        zoom = [new / old for new, old in zip(control.shape[1:], coarse.shape[1:], strict=True)]
        control += np.stack([ndimage.zoom(part, zoom, order=3, mode="nearest") for part in coarse])
    return control


def _count(length: int, grain: float) -> int:
    return len(knot_places(length, grain))


def _planned(
    template: Template, control: np.ndarray, size: Size, config: SynthesisConfig, rng: np.random.Generator
) -> TumourPlan:
    """Size and place: in the white matter of a hemisphere, away from surface and middle plane."""
    core, oedema = log_between(rng, config.core_ml), log_between(rng, config.oedema_ml)
    knots = np.rint(control).astype(int)
    limits = np.array(template.maps.shape[1:])[:, None, None, None]
    knots = np.clip(knots, 0, limits - 1)
    brain, white = (template.maps[index].numpy()[tuple(knots)] for index in (0, 2))
    depth = ndimage.distance_transform_edt(brain > 0.5) * GRAIN
    across = control[2] - (limits[2] - 1) / 2
    height = control[0] / limits[0]  # not in brain stem and cerebellum
    good = (white > 0.4) & (depth > DEPTH) & (np.abs(across) > 0.12 * limits[2]) & (height > 0.4)
    places = np.argwhere(good if good.any() else depth == depth.max())
    chosen = places[rng.integers(len(places))]
    centre = np.array([knot_places(n, GRAIN)[k] for n, k in zip(size, chosen, strict=True)])
    side = 1 if across[tuple(chosen)] > 0 else -1
    return TumourPlan(centre, core, oedema, float(rng.uniform(*config.swelling)), side)


def _pushed(control: np.ndarray, plan: TumourPlan, template: Template, size: Size) -> np.ndarray:
    """The map with tissue moved away from the tumour's middle, as by a ball that grows in it.

    Nothing is compressed, so what was at radius ``s`` is at ``r³ = s³ + R³``; the skull does not
    give way.
    """
    offset = knot_grid(size, GRAIN) - plan.centre[:, None, None, None]
    radius = np.sqrt((offset**2).sum(axis=0)) + 1e-6
    source = np.cbrt(np.maximum(radius**3 - plan.swelling * plan.radius**3, 0))
    knots = np.rint(control).astype(int)
    limits = np.array(template.maps.shape[1:])[:, None, None, None]
    inside = template.maps[0].numpy()[tuple(np.clip(knots, 0, limits - 1))] > 0.5
    give = np.clip(ndimage.distance_transform_edt(inside) * GRAIN / SKULL, 0, 1)
    return control + offset * ((source - radius) / radius * give)


def _tissues(
    maps: Tensor, control: np.ndarray, plan: TumourPlan, template: Template, rng: np.random.Generator
) -> Head:
    """Sharp tissues with a sulcal width and a rim of fluid of the patient's own."""
    size = _shape(maps)
    # Skull-stripping leaves more fluid around the brain here than there.
    tight = rng.uniform(0.35, 0.55) + 0.08 * smooth_field(size, 30, rng, maps.device)
    brain = box_mean(maps[0], 5) > tight
    atrophy = rng.uniform(0.5, 1.2)
    fluid = ((maps[0] - maps[1] - maps[2]) * atrophy + (1 - maps[0])).clamp(0, 1)
    grey, white = (steeper(part / (maps[1] + maps[2]).clamp_min(1e-3)) for part in maps[1:3])
    fluid = steeper(fluid) * brain
    solid = (1 - fluid) * brain / (grey + white).clamp_min(1e-3)
    middle = (template.maps.shape[3] - 1) / 2
    across = torch.from_numpy((control[2] - middle) * plan.side).float()
    shift = from_knots(across, GRAIN, size)
    grey, white = grey * solid, white * solid
    return Head(brain, grey, white, (1 - grey - white) * brain, maps[3], shift)


def steeper(part: Tensor) -> Tensor:
    """Shares of tissue pushed towards 0 and 1: averages over people are blurred, people are not."""
    return ((part - 0.5) * 2.2 + 0.5).clamp(0, 1)


def _cropped(head: Head, plan: TumourPlan) -> tuple[Head, TumourPlan]:
    """The box around the brain, with edges that networks take."""
    begin, end = mask_box(head.brain.numpy())
    lengths = -(-(end - begin) // EDGES) * EDGES
    begin = begin - (lengths - (end - begin)) // 2
    parts = {}
    for entry in fields(Head):
        part = getattr(head, entry.name)
        room = EDGES  # a box of whole multiples may reach beyond the array
        padded = pad(part[None].float(), (room,) * 6)[0]
        box = tuple(slice(int(b) + room, int(b) + room + int(n)) for b, n in zip(begin, lengths, strict=True))
        parts[entry.name] = padded[box].to(part.dtype).contiguous()
    return Head(**parts), replace(plan, centre=plan.centre - begin)


def _shape(maps: Tensor) -> Size:
    depth, height, width = maps.shape[1:]
    return depth, height, width


FILES = ("t1", "gm", "wm")
SULCI = 2.0
"""An average brain's sulci are blurred: this much sharper."""
MARGIN = 8


@dataclass(frozen=True)
class Template:
    """An average brain.

    Attributes:
        maps: float32 ``[4, D, H, W]``: brain (0 or 1), grey and white matter (0 to 1), and how much
            brighter than its tissue a voxel is in T1, in units of white minus grey (about -1 to 1):
            what tells thalamus from cortex.
        grid: where the voxels lie; axes point to Superior, Posterior, Left.
    """

    maps: Tensor
    grid: Grid


@lru_cache(maxsize=2)
def load_template(folder: Path) -> Template:
    """Read ``t1``, ``gm`` and ``wm`` ``.nii.gz``, skull-stripped and on one grid.

    Raises:
        UsageError: they are not there, or not of one brain.
    """
    try:
        volumes = {name: read_volume(folder / f"{name}.nii.gz") for name in FILES}
    except HumorError as problem:
        raise UsageError(
            f"{folder}: no templates for synthetic patients ({problem}) Give a folder with t1.nii.gz, "
            "gm.nii.gz and wm.nii.gz of an average brain, such as ICBM 152 (2009a)."
        ) from problem
    grid = volumes["t1"].grid.to_working_axes()
    arrays = []
    for name in FILES:
        voxels = voxel_map(volumes[name].grid, grid)
        if voxels is None:
            raise UsageError(f"{volumes[name].path}: must be on the same voxels as t1.nii.gz. Resample it.")
        arrays.append(np.array(place(volumes[name].data, voxels, grid.shape), np.float32))
    return _made(arrays, grid)


def _made(arrays: list[np.ndarray], grid: Grid) -> Template:
    begin, end = mask_box(arrays[0] > 0)
    shape = (end - begin) + 2 * MARGIN
    target = grid.crop(_triple(begin - MARGIN), _triple(shape))
    t1, grey, white = (np.pad(array[tuple(map(slice, begin, end))], MARGIN) for array in arrays)
    grey, white = grey / max(grey.max(), 1.0), white / max(white.max(), 1.0)
    brain = t1 > 0
    fluid = np.where(brain, 1 - grey - white, 0).clip(0, 1)
    levels = [_level(t1, part, brain) for part in (fluid, grey, white)]
    # The T1 shows sulci that the maps of tissues hardly do.
    seen = np.clip((levels[1] - t1) / (levels[1] - levels[0]), 0, 1) * brain
    fluid = np.clip(SULCI * np.maximum(fluid, seen), 0, 1)
    total = np.maximum(grey + white, 1e-3)
    grey, white = grey / total * (1 - fluid), white / total * (1 - fluid)
    expected = levels[0] * fluid + levels[1] * grey + levels[2] * white
    rest = np.clip((t1 - expected) / (levels[2] - levels[1]), -1, 1) * brain * (1 - fluid)
    maps = np.stack([brain, grey * brain, white * brain, rest]).astype(np.float32)
    return Template(torch.from_numpy(maps), target)


def _level(t1: np.ndarray, part: np.ndarray, brain: np.ndarray) -> float:
    """How bright a tissue is: the median of its purest voxels."""
    purest = part[brain].max()
    return float(np.median(t1[brain & (part > 0.9 * purest)]))


def _triple(values: np.ndarray) -> tuple[int, int, int]:
    return int(values[0]), int(values[1]), int(values[2])
