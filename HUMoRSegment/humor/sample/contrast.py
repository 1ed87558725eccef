"""How bright each tissue is in each sequence.

Values are about standard deviations from the mean of the brain, as networks see an image after
z-scoring; what they really become depends on the patient's mix of tissues. They follow what the
sequences are known to show: T1 white > grey > fluid, T2 the reverse, FLAIR with the fluid's signal
nulled, and in T1c gadolinium wherever there is no blood-brain barrier. They were adjusted until the
means per tissue and tumour part lay near those of public glioma studies.
"""

from __future__ import annotations

import numpy as np

from humor.sequences import SEQUENCES

BRIGHTNESS: dict[str, tuple[float, float, float, float]] = {
    # tissue: t1, t1c, t2, flair
    "csf": (-2.9, -2.1, 3.9, -1.4),
    "grey": (-0.60, -0.35, -0.05, 0.10),
    "white": (1.05, 0.50, -0.40, -0.20),
    "cerebellar": (-0.10, 0.00, -0.10, 0.00),
    "stem": (0.75, 0.40, -0.35, -0.05),
    "nuclei": (0.15, 0.10, -0.25, 0.10),
    "pallidum": (0.75, 0.35, -0.85, -0.50),
    "choroid": (-0.8, 2.6, 1.2, 0.3),
    "vessel": (-0.8, 4.2, -0.6, -0.6),
}
OEDEMA = (-0.05, -0.25, 1.50, 1.00)
ENHANCING = (0.10, 2.20, 1.30, 0.95)
NECROSIS = (-0.95, -0.90, 2.40, 0.75)

# How much tissue varies over a few millimetres, in the same unit.
MYELIN_TEXTURE = (0.10, 0.08, 0.06, 0.12)
VENTRICLE_RIM = (-0.4, -0.2, 0.4, 1.2)
OEDEMA_TEXTURE = (0.1, 0.1, 0.15, 0.25)
ENHANCING_TEXTURE = (0.2, 1.0, 0.3, 0.5)
NECROSIS_TEXTURE = (0.1, 0.1, 0.3, 0.4)

# What a stored value means: value = ZERO + LEVELS · z, as a whole number. Rougher steps make smaller
# files; these stay below the noise.
ZERO = {"t1": 38.0, "t1c": 34.0, "t2": 19.0, "flair": 36.0}
LEVELS = {"t1": 9.5, "t1c": 9.0, "t2": 9.0, "flair": 10.0}


def draw_brightness(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The table for one patient and scanner, by tissue in sequence order; part names as the tumour's too."""
    table = {**BRIGHTNESS, "oedema": OEDEMA, "enhancing": ENHANCING, "necrosis": NECROSIS}
    return {name: np.array(values) + rng.normal(0, 0.06, len(SEQUENCES)) for name, values in table.items()}
