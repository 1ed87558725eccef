"""Whether workers have room side by side in the memory of this computer, or of its container."""

from __future__ import annotations

from ..memory.available import GB, main_memory
from ..memory.shortage import NEEDED_GB


def room_warnings(workers: int) -> list[str]:
    """A sentence where so many workers may be short of memory: each one sees only what is free now."""
    memory = main_memory()
    enough = max(1, int(memory.free / (NEEDED_GB * GB)))
    if workers <= enough:
        return []
    return [
        f"{workers} workers need about {workers * NEEDED_GB:.1f} GB of memory for studies of 240×240×155 "
        f"voxels; {memory} are free. Without room the system may end workers, or results come from smaller "
        f"windows and are worse. Use --workers {enough}."
    ]
