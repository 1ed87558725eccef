"""Which patient a study belongs to, so that follow-ups are not counted as other patients."""

from __future__ import annotations

import re

_TIME_POINTS = (
    re.compile(r"(BraTS-[A-Za-z]+-\d+)-\d+"),  # BraTS 2023 and later: BraTS-GLI-00005-001
    re.compile(r"(sub-[A-Za-z0-9]+)_ses-[A-Za-z0-9]+"),  # BIDS
)


def patient_of(study: str) -> str:
    """The patient's part of a study's name; the whole name where it has no known form."""
    for form in _TIME_POINTS:
        if match := form.fullmatch(study):
            return match[1]
    return study
