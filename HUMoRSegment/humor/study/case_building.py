"""From a study to a case: one working grid, brain, crop, z-scores inside the brain and 0 outside."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..box import mask_box
from ..errors import InputError, UsageError
from ..sequences import DISPLAY_NAMES, SEQUENCES, availability
from .alignment import alignment_warnings, find_misplaced
from .brain import Foreground, box_in, brain_warnings, find_brain, find_foreground
from .case import Case
from .resampling import resample
from .study import Study
from .volume import Volume

REFERENCE_ORDER = ("t1c", "flair", "t2", "t1")
SPACING_TOLERANCE = 0.01  # relative: voxels this near to the wanted spacing are not resampled
LEAST_SHARE = 0.01
"""Of the largest sequence's foreground; a slab of a few slices shows more."""
THREADS = 2  # more only fight over memory: the work is a few passes over each array
CLIP = 6.0  # standard deviations
TAIL = 0.1
"""Per cent of the voxels at either end that count as no more than their neighbours do."""
FLAT = 2.0
"""Per cent at either end without which there must still be two different values, or there is no image."""


def build_case(
    study: Study,
    reference: str | None = None,
    spacing: float = 1.0,
    multiple: int = 16,
    margin: int = 0,
    register: bool = False,
) -> Case:
    """Bring a study to the form that networks see.

    Args:
        study: what ``load_study`` returned.
        reference: the sequence on whose grid results are wanted; default: the one with the
            smallest voxels, in a tie T1c, FLAIR, T2, T1.
        spacing: voxel size in mm of the working grid, isotropic.
        multiple: all lengths of the case are multiples of this.
        margin: voxels kept around the brain's bounding box.
        register: align every other sequence rigidly to the reference first.

    Raises:
        UsageError: the reference is not one of the study's sequences.
        InputError: two sequences do not overlap, one shows nothing of the brain, or there is no brain.
    """
    reference = _checked_reference(study, reference)
    warnings = list(study.warnings)
    volumes = study.volumes
    if register:
        from .registration import register_to

        volumes, more = register_to(volumes, reference)
        warnings += more
    native = volumes[reference].grid
    working = native.to_working_axes()
    if max(abs(length / spacing - 1.0) for length in working.spacing) > SPACING_TOLERANCE:
        working = working.with_spacing(spacing)
    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip(volumes, pool.map(find_foreground, volumes.values()), strict=True))
        _refuse_specks(volumes, found)
        _refuse_no_overlap(volumes, found, reference)
        grid, brain, own = find_brain(volumes, found, working, multiple, margin, pool)
        image = np.zeros((len(SEQUENCES), *grid.shape), np.float32)

        def fill(name: str) -> bool:
            volume = volumes[name]
            values, inside = resample(volume.data, volume.grid, grid)
            shown = _own_box(own[name]) & inside & brain
            target = image[SEQUENCES.index(name)]
            return normalise(values, own[name], shown, target, inverted=volume.slope < 0)

        _refuse_flat(volumes, pool.map(fill, volumes))
    warnings += brain_warnings(volumes, found, own, brain, grid, reference)
    misplaced = find_misplaced(image, own, grid, reference)
    warnings += alignment_warnings(misplaced, volumes)
    flags = availability(volumes)
    available = (flags[0], flags[1], flags[2], flags[3])
    return Case(
        image,
        available,
        brain,
        grid,
        native,
        reference,
        warnings,
        fields=volumes[reference].fields,
        misplaced=tuple(misplaced),
        skull=not any(each.stripped for each in found.values()),
    )


def _checked_reference(study: Study, reference: str | None) -> str:
    if reference is None:
        volumes = study.volumes
        smallest = min(volume.grid.voxel_ml for volume in volumes.values())
        return next(
            name
            for name in REFERENCE_ORDER
            if name in volumes and volumes[name].grid.voxel_ml <= smallest * (1 + SPACING_TOLERANCE)
        )
    if reference not in study.volumes:
        there = ", ".join(study.volumes)
        raise UsageError(f"Results were wanted on the grid of {reference!r}, but the study only has {there}.")
    return reference


def _own_box(own: np.ndarray) -> np.ndarray:
    """The bounding box of a sequence's own foreground, as a mask.

    Dark places inside it are image; the brain beyond it was cut off, so there it counts as missing.
    """
    box = np.zeros(own.shape, bool)
    box[tuple(slice(*ends) for ends in zip(*mask_box(own), strict=True))] = True
    return box


def _refuse_specks(volumes: dict[str, Volume], found: dict[str, Foreground]) -> None:
    """A few voxels amid nothing would be taken for the brain, and the other sequences cut to them."""
    largest = max(one.volume_ml for one in found.values())
    for name, volume in volumes.items():
        if found[name].volume_ml < LEAST_SHARE * largest:
            raise InputError(
                f"{volume.path} ({DISPLAY_NAMES[name]}) shows nothing but {found[name].volume_ml:.2g} ml "
                "that differ from its background. Leave this sequence out, or export it again."
            )


def _refuse_flat(volumes: dict[str, Volume], shown: Iterable[bool]) -> None:
    for (name, volume), there in zip(volumes.items(), shown, strict=True):
        if not there:
            raise InputError(
                f"{volume.path} ({DISPLAY_NAMES[name]}) has the same value nearly everywhere in the brain: "
                "there is no image in it. Leave this sequence out, or export it again."
            )


def _refuse_no_overlap(volumes: dict[str, Volume], found: dict[str, Foreground], reference: str) -> None:
    native = volumes[reference].grid
    for name, volume in volumes.items():
        start, stop = mask_box(found[name].mask)
        low, high = box_in(volume.grid, start, stop, native)
        if (high < 0).any() or (low > np.array(native.shape)).any():
            raise InputError(
                f"{volume.path} ({DISPLAY_NAMES[name]}) shows another place in space than "
                f"{volumes[reference].path} ({DISPLAY_NAMES[reference]}): they do not overlap anywhere. "
                "Check that both are of the same patient and visit; register them first if they are."
            )


def normalise(
    values: np.ndarray, own: np.ndarray, brain: np.ndarray, out: np.ndarray, inverted: bool = False
) -> bool:
    """Write ``(values - mean) / std``, clipped to ±6, inside the brain and 0 outside it to ``out``.

    Mean and standard deviation are taken over the sequence's own foreground within the brain, so
    that they do not depend on what other sequences show, and the result does not depend on the
    scale and offset of ``values``. They are those of winsorised values: whatever lies beyond the 0.1st and
    the 99.9th percentile counts as if it lay there, so that single voxels of any size change nothing
    (Dixon 1960, Ann. Math. Stat. 31:385).

    Args:
        values: any real type and scale, ``[D, H, W]``; finite.
        own: bool ``[D, H, W]``, the sequence's own foreground.
        brain: bool ``[D, H, W]``.
        out: float32 ``[D, H, W]``.
        inverted: whether larger values mean darker (a file with a negative slope).

    Returns:
        Whether there is an image: not so where all but a few voxels have one value; ``out`` is 0 then.
    """
    centre, unit = _measures(values[own & brain])
    if unit == 0.0:
        out[...] = 0.0
        return False
    with np.errstate(over="ignore"):  # what overflows is clipped
        if values.dtype.itemsize > 4:  # float32 might not hold the values, only the scores
            out[...] = np.clip((values - centre) / unit, -CLIP, CLIP)
        else:  # in place: a case has millions of voxels
            np.subtract(values, centre, out=out, casting="unsafe")
            out /= unit
            np.clip(out, -CLIP, CLIP, out=out)
    if inverted:
        np.negative(out, out=out)
    out *= brain
    return True


def _measures(inside: np.ndarray) -> tuple[float, float]:
    """Mean and deviation of winsorised values ``[N]``; deviation 0 where they show nothing."""
    if not inside.size:
        return 0.0, 0.0
    ends = np.percentile(inside, (TAIL, FLAT, 100 - FLAT, 100 - TAIL)).astype(np.float64)
    low, high = ends[0], ends[3]
    if ends[1] == ends[2]:
        return 0.0, 0.0
    # Between 0 and 1 first: squares of 1e-30 or 1e298 are no numbers.
    shares = (np.clip(inside, low, high).astype(np.float64) - low) / (high - low)
    return float(low + shares.mean() * (high - low)), float(shares.std() * (high - low))
