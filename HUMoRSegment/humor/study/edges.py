"""Whether two images of one grid show the same edges, whatever their contrast.

Between two sequences of a head brightness changes in any way, but where one has an edge the other mostly
has one too, of the same direction. That is the idea of normalised gradient fields (Haber and
Modersitzki 2006, MICCAI, LNCS 4191:726-733). Of voxels of 2 mm the folds of the brain's surface are left,
which no two people share, so that one patient in another's place is noticed too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIM = 2  # voxels of the mask's rim that do not count: two skull-stripped brains always share their outlines


@dataclass(frozen=True)
class Edges:
    """The edges of one image.

    Attributes:
        directions: float32 ``[3, D, H, W]``: gradients divided by their length and a little more, so that
            edges have a length near 1, and noise has one near 0.
        inside: bool ``[D, H, W]``, where they count.
    """

    directions: np.ndarray
    inside: np.ndarray


def find_edges(image: np.ndarray, mask: np.ndarray) -> Edges:
    """Edges of ``image[D, H, W]`` (float32) inside ``mask`` (bool), without the mask's rim.

    What a gradient must have to be more than noise is the median of the gradients' lengths.
    """
    from scipy import ndimage

    inside = ndimage.binary_erosion(mask, iterations=RIM)
    directions = np.stack(np.gradient(image))
    squares = np.einsum("cijk,cijk->ijk", directions, directions)
    typical = float(np.median(squares[inside])) if inside.any() else 0.0
    directions /= np.sqrt(squares + max(typical, np.finfo(np.float32).tiny))
    return Edges(directions, inside)


def agreement(one: Edges, other: Edges, fewest: int) -> float | None:
    """How well the edges of two images agree: 1 the same, 0 as good as chance, below 0 worse.

    The mean over the voxels inside both of ``(a·b)² − |a|²|b|²/3``, which is 0 on the average for
    directions that have nothing to do with each other, divided by what it would be if all were parallel.

    Args:
        one, other: on one grid.
        fewest: voxels inside both that are needed to say anything.

    Returns:
        None where the two show too little of the same place.
    """
    both = np.flatnonzero(one.inside & other.inside)
    if both.size < fewest:
        return None
    a = one.directions.reshape(3, -1)[:, both]
    b = other.directions.reshape(3, -1)[:, both]
    lengths_a, lengths_b = (a * a).sum(0), (b * b).sum(0)
    most = float(np.sqrt((lengths_a**2).sum() * (lengths_b**2).sum())) * 2 / 3
    parallel = float(((a * b).sum(0) ** 2 - lengths_a * lengths_b / 3).sum())
    return parallel / most if most > 0 else 0.0
