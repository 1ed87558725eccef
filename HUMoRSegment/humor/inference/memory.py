"""Whether a whole brain fits as one window."""

from __future__ import annotations

import numpy as np

# Peak bytes per voxel of a whole-brain window, over the process at rest: measured with `make bench`
# for the pyramid student (OpenVINO, bf16: 80) and rounded up; torch keeps more maps alive at once.
BYTES_PER_VOXEL = {"openvino": 120, "torch": 900}
SHARE = 0.7
"""Share of the free memory that a window may take."""


def fits_whole(shape: tuple[int, int, int], backend: str, free_bytes: int) -> bool:
    """Whether ``shape`` voxels as one window take no more than their share of ``free_bytes``."""
    return int(np.prod(shape)) * BYTES_PER_VOXEL[backend] <= SHARE * free_bytes


def free_main_memory() -> int:
    """Bytes of main memory that can be used without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)
