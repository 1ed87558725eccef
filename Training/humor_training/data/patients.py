"""The patient behind the name of a study: follow-ups are not other patients."""

from __future__ import annotations

import re

_TIME_POINTS = (
    re.compile(r"(?P<patient>BraTS-[A-Za-z]+-\d+)-\d+"),  # BraTS since 2023
    re.compile(r"(?P<patient>Brats1[789]_.+)_\d+", re.IGNORECASE),  # 2017 to 2019; not BraTS20_Training_001
    re.compile(r"(?P<patient>sub-[A-Za-z0-9]+)_ses-[A-Za-z0-9]+"),  # BIDS
)


def patient_of(study: str) -> str:
    """A study's name without its time point; the name itself where it has no known form."""
    for pattern in _TIME_POINTS:
        if match := pattern.fullmatch(study):
            return match["patient"]
    return study
