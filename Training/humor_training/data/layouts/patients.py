"""The patient behind the name of a study."""

from __future__ import annotations

import re

_TIME_POINTS = (
    re.compile(r"(?P<patient>BraTS-[A-Z]+-\d+)-\d+"),  # since 2023
    re.compile(r"(?P<patient>Brats1[789]_.+)_\d+", re.IGNORECASE),  # 2017 to 2019; not BraTS20_Training_001
)


def patient_of(study: str) -> str:
    """A study's name without its time point, where BraTS's naming tells it; else the name itself."""
    for pattern in _TIME_POINTS:
        if match := pattern.fullmatch(study):
            return match["patient"]
    return study
