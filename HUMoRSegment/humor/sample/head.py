"""What differs from one made-up patient to the next: head size, age, tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Where glioblastomas sit, as places (mm) in the left hemisphere: frontal, central, parietal,
# temporal, temporo-occipital.
TUMOUR_PLACES = (
    (29.0, -26.0, 28.0),
    (31.0, 8.0, 38.0),
    (32.0, 44.0, 34.0),
    (46.0, 8.0, -14.0),
    (43.0, 54.0, 10.0),
)


@dataclass(frozen=True)
class Head:
    """One patient.

    Attributes:
        scale: how much wider, longer and higher than the average head.
        atrophy: 0 (full brain) to 1 (wide sulci and ventricles of old age).
        tumour_centre: in mm (x left, y back, z up).
        core_ml, necrotic_part, whole_ml: volume of the tumour core, the part of it that does not
            enhance, and the volume of core and oedema together.
    """

    scale: tuple[float, float, float]
    atrophy: float
    tumour_centre: tuple[float, float, float]
    core_ml: float
    necrotic_part: float
    whole_ml: float


def draw_head(rng: np.random.Generator) -> Head:
    """Draw a patient."""
    scale = rng.uniform(0.96, 1.04, 3)
    place = np.array(TUMOUR_PLACES[rng.integers(len(TUMOUR_PLACES))]) + rng.uniform(-5, 5, 3)
    place[0] *= rng.choice([-1, 1])
    core_ml = rng.uniform(16, 36)
    return Head(
        scale=(float(scale[0]), float(scale[1]), float(scale[2])),
        atrophy=float(rng.uniform(0.1, 0.9)),
        tumour_centre=(float(place[0]), float(place[1]), float(place[2])),
        core_ml=float(core_ml),
        necrotic_part=float(rng.uniform(0.3, 0.5)),
        whole_ml=float(core_ml + rng.uniform(28, 75)),
    )
