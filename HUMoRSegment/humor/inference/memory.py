"""Whether a whole brain fits as one window."""

from __future__ import annotations

import numpy as np

# Peak bytes per voxel of a whole-brain window beyond the process at rest, measured on a CPU and rounded
# up: 81 for the pyramid student in OpenVINO (bf16); in torch 529 for the teacher (fp32; bf16 339).
BYTES_PER_VOXEL = {"openvino": 120, "torch": 700}
SHARE = 0.7
"""Share of the free memory that a window may take."""


def fits_whole(shape: tuple[int, int, int], backend: str, free_bytes: int) -> bool:
    """Whether ``shape`` voxels as one window take no more than their share of ``free_bytes``."""
    return int(np.prod(shape)) * BYTES_PER_VOXEL[backend] <= SHARE * free_bytes


def free_main_memory() -> int:
    """Bytes of main memory that can be used without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)
