"""Which voxels of a sequence are patient: the brain where it is skull-stripped, else the head.

A skull-stripped image has one exactly constant background value (not always 0: z-scored images
have their minimum there, others any value). A raw scan may also be constant far from the head, but
its foreground is larger than any brain, or full of weak noise and skin fat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .volume import Volume

CONSTANT_SHARE = 0.98  # of the box's edges: less, and there is no constant background
LARGEST_BRAIN_ML = 2200.0  # intracranial volumes of adults stay below about 1900 ml
WEAK_LEVEL = 0.1  # of the 99th percentile above background
WEAK_SHARE = 0.13  # of the foreground; 0 to 0.08 in stripped brains, 0.18 to 0.28 in raw heads
HEAD_MM = 1.2  # a head is found on voxels no larger than this
_SAMPLE_STEP = 101


@dataclass(frozen=True)
class Foreground:
    """Where a sequence shows the patient.

    Attributes:
        mask: bool, on the volume's own grid.
        stripped: whether this is a brain without its skull.
        volume_ml: of the mask.
    """

    mask: np.ndarray
    stripped: bool
    volume_ml: float


def find_foreground(volume: Volume) -> Foreground:
    """The brain of a skull-stripped sequence, or the head of a raw one."""
    background, share = _background(volume.data)
    voxel_ml = volume.grid.voxel_ml
    if share >= CONSTANT_SHARE:
        mask = volume.data != background
        volume_ml = int(np.count_nonzero(mask)) * voxel_ml
        if volume_ml <= LARGEST_BRAIN_ML and not _has_weak_noise(volume, background):
            return Foreground(mask, True, volume_ml)
    mask = _head(volume)
    return Foreground(mask, False, int(np.count_nonzero(mask)) * voxel_ml)


def _background(data: np.ndarray) -> tuple[float, float]:
    """The most frequent value on the twelve edges of the box, and its share of them."""
    ends = (0, -1)
    edges = [line for a in ends for b in ends for line in (data[:, a, b], data[a, :, b], data[a, b, :])]
    values, counts = np.unique(np.concatenate(edges), return_counts=True)
    most = counts.argmax()
    return values[most], float(counts[most] / counts.sum())


def _has_weak_noise(volume: Volume, background: float) -> bool:
    """Whether much of the foreground is hardly brighter than the background, as noise and air are."""
    sample = volume.data.ravel(order="K")[::_SAMPLE_STEP]
    above = np.sign(volume.slope) * (sample[sample != background].astype(float) - float(background))
    if above.size == 0 or (above < 0).mean() > 0.05:
        return False  # a background amid the values was put there by masking
    return bool((above < WEAK_LEVEL * np.percentile(above, 99)).mean() > WEAK_SHARE)


def _head(volume: Volume) -> np.ndarray:
    """Everything above Otsu's threshold, with the holes of every axial slice filled, without specks.

    Found on voxels of up to 1.2 mm: half a millimetre of a head's outline is not worth eight times the time.
    """
    from scipy import ndimage

    steps = [max(1, int(HEAD_MM // length)) for length in volume.grid.spacing]
    i, j, k = (slice(None, None, step) for step in steps)
    thinned = np.asfortranarray(volume.data[i, j, k])
    data = thinned if volume.slope > 0 else -thinned.astype(np.float32)
    mask = data > otsu_threshold(data)
    slices = int(np.abs(volume.grid.affine[2, :3] / volume.grid.spacing).argmax())
    mask = np.moveaxis(mask, slices, 0)
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1, 1, :] = in_plane[1, :, 1] = True
    holes, count = ndimage.label(~mask, in_plane)
    outside = np.zeros(count + 1, bool)
    for rim in (holes[:, 0], holes[:, -1], holes[:, :, 0], holes[:, :, -1]):
        outside[rim.ravel()] = True
    outside[0] = False
    parts, count = ndimage.label(~outside[holes])
    sizes = np.bincount(parts.ravel(), minlength=2)
    sizes[0] = 0
    head = np.moveaxis(parts == sizes.argmax(), 0, slices)
    for axis, step in enumerate(steps):
        if step > 1:
            head = head.repeat(step, axis)
    i, j, k = (slice(length) for length in volume.data.shape)
    return head[i, j, k]


def otsu_threshold(data: np.ndarray, bins: int = 256) -> float:
    """The value that best separates dark from bright (Otsu 1979, IEEE Trans. SMC 9:62-66).

    Computed below the 99.5th percentile, so that a few very bright voxels do not coarsen the bins.
    """
    sample = data.ravel(order="K")[::7].astype(np.float64)
    low, high = sample.min(), np.percentile(sample, 99.5)
    if high <= low:
        return float(low)
    counts, borders = np.histogram(np.clip(sample, low, high), bins, (low, high))
    centres = (borders[:-1] + borders[1:]) / 2
    weight = np.cumsum(counts)
    total = np.cumsum(counts * centres)
    below, above = weight[:-1], weight[-1] - weight[:-1]
    valid = (below > 0) & (above > 0)
    mean_below = np.divide(total[:-1], below, where=valid, out=np.zeros(bins - 1))
    mean_above = np.divide(total[-1] - total[:-1], above, where=valid, out=np.zeros(bins - 1))
    between = np.where(valid, below * above * (mean_below - mean_above) ** 2, -1.0)
    return float(borders[1 + between.argmax()])
