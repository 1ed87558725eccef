"""A case: a study on one working grid, normalised, cropped to the brain, ready for a network.

The working grid has 1 mm voxels (or the model's spacing), array axes pointing to Superior,
Posterior, Left (the memory order of an LPS NIfTI file, so that the usual case needs no copy),
and keeps the obliqueness of the reference sequence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..warnings import RunWarning
from .alignment import Misplaced
from .grid import Grid
from .nifti_geometry import NiftiFields


@dataclass(frozen=True)
class Case:
    """What a network sees, and all that is needed to go back.

    Attributes:
        image: float32 ``[4, D, H, W]`` in sequence order; z-scored inside the brain, exactly 0
            outside it and in missing sequences.
        available: four flags in sequence order.
        brain: bool ``[D, H, W]``, the foreground.
        grid: where ``image`` lies (the crop of the working grid).
        native: the reference sequence's own grid, in its file's own axis order: results go here.
        reference: the sequence that gives the native grid.
        warnings: for the user.
        fields: what NIfTI files on the native grid must repeat of a header that contradicts itself.
        misplaced: the sequences that do not lie on the others; ``warnings`` say so too.
        skull: whether ``brain`` is the whole head, because no sequence is skull-stripped.
    """

    image: np.ndarray
    available: tuple[bool, bool, bool, bool]
    brain: np.ndarray
    grid: Grid
    native: Grid
    reference: str
    warnings: list[RunWarning] = field(default_factory=list)
    fields: NiftiFields | None = None
    misplaced: tuple[Misplaced, ...] = ()
    skull: bool = False
