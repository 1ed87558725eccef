"""Tumour regions and BraTS labels: names, nesting, colours, terminology, conversions.

Regions are nested: ET (enhancing tumour) lies in TC (tumour core), TC in WT (whole tumour).
The BraTS label map has 1 NCR (necrosis and non-enhancing core), 2 ED (oedema), 4 ET; the
value 3, which newer BraTS releases use for ET, is accepted on reading.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Code:
    """A coded concept: scheme designator, code value, code meaning (as in DICOM)."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Region:
    """One tumour region as it is shown and exported."""

    key: str
    name: str
    colour: tuple[float, float, float]
    category: Code
    type: Code


_MORPHOLOGY = Code("SCT", "49755003", "Morphologically Altered Structure")

REGIONS: tuple[Region, ...] = (
    Region(
        "WT",
        "Whole tumour",
        (0.35, 0.78, 0.35),
        _MORPHOLOGY,
        Code("SCT", "108369006", "Neoplasm"),
    ),
    Region(
        "TC",
        "Tumour core",
        (0.95, 0.77, 0.20),
        _MORPHOLOGY,
        Code("SCT", "86049000", "Neoplasm, Primary"),
    ),
    Region(
        "ET",
        "Enhancing tumour",
        (0.86, 0.24, 0.24),
        _MORPHOLOGY,
        Code("NCIt", "C113842", "Enhancing Lesion"),
    ),
)
REGION_KEYS: tuple[str, ...] = tuple(region.key for region in REGIONS)

USUAL_THRESHOLD = 0.5
"""From this probability on a voxel belongs to a region, where its model does not say otherwise."""

NCR, ED, ET = 1, 2, 4
ET_NEW = 3
LABEL_NAMES: dict[int, str] = {
    NCR: "Necrotic and non-enhancing core",
    ED: "Peritumoural oedema",
    ET: "Enhancing tumour",
}


def labels_to_regions(labels: np.ndarray) -> np.ndarray:
    """BraTS label map ``[...]`` to three nested masks ``[3, ...]`` (bool: WT, TC, ET)."""
    enhancing = (labels == ET) | (labels == ET_NEW)
    core = enhancing | (labels == NCR)
    return np.stack([core | (labels == ED), core, enhancing])


def regions_to_labels(regions: np.ndarray) -> np.ndarray:
    """Three nested masks ``[3, ...]`` (WT, TC, ET) to a BraTS label map (uint8, ``[...]``)."""
    # Arithmetic, because indexing a whole head with masks takes a hundred times as long.
    whole, core, enhancing = nest(regions).view(np.uint8)
    return ED * whole - (ED - NCR) * core + (ET - NCR) * enhancing


def nest(regions: np.ndarray) -> np.ndarray:
    """Force ET to lie in TC and TC in WT: a voxel counts in a region if it does in its parents.

    Masks (bool) and probabilities (float) alike: the minimum over a region and its parents.
    """
    nested = regions.copy()
    for child in range(1, len(nested)):  # many times faster than minimum.accumulate along axis 0
        np.minimum(nested[child], nested[child - 1], out=nested[child])
    return nested
