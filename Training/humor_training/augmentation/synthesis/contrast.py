"""How bright each tissue of a synthetic patient is in each sequence.

Part of the sequences keep the physical order (T1: white > grey > fluid, T2 the reverse, FLAIR with the
fluid's signal nulled, gadolinium where there is no blood-brain barrier), jittered; in the others every
tissue has any brightness, so that a network learns shapes instead of values (SynthSeg: Billot et
al. 2023, Med. Image Anal. 86:102789).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from humor.sample.appearance import (
    BRIGHTNESS,
    ENHANCING,
    ENHANCING_TEXTURE,
    NECROSIS,
    NECROSIS_TEXTURE,
    OEDEMA,
    OEDEMA_TEXTURE,
)
from humor.sequences import SEQUENCES

from ..chance import below

PARTS = ("fluid", "grey", "white", "vessel", "oedema", "enhancing", "necrosis", "solid")
SOLID = (-0.8, -0.7, 1.8, 1.3)
"""Tumour that does not enhance, as low-grade gliomas: in z-scores, as the engine's other values."""
TYPICAL = np.array(
    [*(BRIGHTNESS[name] for name in ("csf", "grey", "white", "vessel")), OEDEMA, ENHANCING, NECROSIS, SOLID]
)
TEXTURE = np.array(
    [
        *((deviation,) * len(SEQUENCES) for deviation in (0.0, 0.06, 0.08, 0.3)),
        *(OEDEMA_TEXTURE, ENHANCING_TEXTURE, NECROSIS_TEXTURE, OEDEMA_TEXTURE),
    ]
)
"""Deviation of each part's brightness within a patient, in the same unit."""
ORDER = {
    "t1": ("fluid", "grey", "white"),
    "t1c": ("fluid", "grey", "white"),
    "t2": ("white", "grey", "fluid"),
    "flair": ("fluid", "white", "grey"),
}
"""Healthy tissues from dark to bright."""
TUMOUR_ORDER = {
    "t1": (("enhancing", "white", -1), ("oedema", "white", -1)),
    "t1c": (("enhancing", "white", 1),),
    "t2": (("oedema", "grey", 1),),
    "flair": (("oedema", "grey", 1),),
}
"""What is always brighter (1) or darker (-1) than a healthy tissue, by at least ``GAP``."""
GAP = 0.5
APART = {"t1": 0.7, "t1c": 0.4, "t2": 0.7, "flair": 0.3}
"""Between two healthy tissues, at least."""
JITTER = 0.3
MYELIN = np.array((0.55, 0.3, -0.2, -0.25))
"""What a voxel that is brighter than its tissue in the template's T1 gains in each sequence."""
WET_RIM = np.array((-0.3, -0.15, 0.4, 1.1))
"""White matter beside the ventricles holds more water."""


def draw_contrast(ordered: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Brightness ``[4, parts]`` for one patient and scanner, and the strengths ``[4]`` of myelin and
    wet rim.

    Args:
        ordered: probability of each sequence keeping the physical order.
        rng: chance.
    """
    table, myelin, rim = TYPICAL.T.copy(), MYELIN.copy(), WET_RIM.copy()
    for row, name in enumerate(SEQUENCES):
        if below(rng, ordered):
            strength = rng.uniform(0.75, 1.25)
            table[row] = _in_order(table[row] * strength + rng.normal(0, JITTER, len(PARTS)), name)
        else:
            table[row] = _in_any_order(rng)
            myelin[row], rim[row] = rng.normal(0, 0.4, 2)
    return table, myelin, rim


def _in_any_order(rng: np.random.Generator) -> np.ndarray:
    """Any brightness, but three healthy tissues that can be told apart: else all would be noise."""
    values = rng.uniform(-3, 3, len(PARTS))
    healthy = [PARTS.index(part) for part in ORDER["t1"]]
    values[healthy] = rng.uniform(0.5, 1.5) * rng.permutation(3) + rng.normal(0, 0.1, 3) - 1.5
    return values


def _in_order(values: np.ndarray, sequence: str) -> np.ndarray:
    places = [PARTS.index(part) for part in ORDER[sequence]]
    values[places] = np.sort(values[places])
    for dark, bright in pairwise(places):
        values[bright] = max(values[bright], values[dark] + APART[sequence])
    for part, tissue, sign in TUMOUR_ORDER[sequence]:
        row, level = PARTS.index(part), values[PARTS.index(tissue)]
        values[row] = sign * max(sign * values[row], sign * level + GAP)
    return values
