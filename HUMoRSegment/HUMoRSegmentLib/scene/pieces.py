"""Masks as the smallest box that holds them: what segments are made of and told apart by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from humor.box import bounding_box

Index = tuple[int, int, int]


@dataclass(frozen=True)
class Piece:
    """A mask without the empty space around it.

    Attributes:
        values: bool ``[k, j, i]``; of no voxels where the mask is empty.
        first: index ``(i, j, k)`` of the first voxel on the whole grid.
    """

    values: np.ndarray
    first: Index = (0, 0, 0)

    @staticmethod
    def of(mask: np.ndarray, first: Index = (0, 0, 0)) -> Piece:
        """Cut a mask ``[k, j, i]``, whose own first voxel has the index ``first``, to its box."""
        box = bounding_box(mask)
        if box is None:
            return Piece(np.zeros((0, 0, 0), bool))
        k, j, i = (int(part.start) for part in box)
        return Piece(np.ascontiguousarray(mask[box], dtype=bool), (first[0] + i, first[1] + j, first[2] + k))

    @property
    def voxels(self) -> int:
        """How many voxels are in the mask."""
        return int(np.count_nonzero(self.values))

    def fingerprint(self) -> str:
        """The same text for the same voxels at the same place, and another for others."""
        head = repr((self.first, self.values.shape)).encode("ascii")
        return hashlib.sha256(head + np.packbits(self.values).tobytes()).hexdigest()[:32]
