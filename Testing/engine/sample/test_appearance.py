"""The table of brightness follows what each sequence is known to show."""

from __future__ import annotations

import numpy as np

from humor.sample.appearance import BRIGHTNESS, LEVELS, ZERO, draw_brightness
from humor.sequences import SEQUENCES


def column(sequence):
    return {tissue: values[SEQUENCES.index(sequence)] for tissue, values in BRIGHTNESS.items()}


def test_t1_shows_white_over_grey_over_fluid():
    t1 = column("t1")
    assert t1["white"] > t1["nuclei"] > t1["grey"] > t1["csf"]


def test_t2_shows_fluid_over_grey_over_white():
    t2 = column("t2")
    assert t2["csf"] > t2["grey"] > t2["white"] > t2["pallidum"]


def test_flair_shows_grey_over_white_and_no_fluid():
    flair = column("flair")
    assert flair["grey"] >= flair["white"] > flair["csf"] + 1


def test_contrast_agent_lights_up_only_vessels_and_choroid_plexus():
    t1, t1c = column("t1"), column("t1c")
    brighter = {tissue for tissue in BRIGHTNESS if t1c[tissue] > t1[tissue] + 1}
    assert brighter == {"vessel", "choroid"}


def test_every_brightness_fits_above_the_background():
    for table in (draw_brightness(np.random.default_rng(seed)) for seed in range(20)):
        for tissue, values in table.items():
            for name, value in zip(SEQUENCES, values, strict=True):
                assert 1 < ZERO[name] + LEVELS[name] * value < 255, (tissue, name)
