"""Names of networks, gates and experts, and their grid. No torch: it is needed where a graph runs without."""

from __future__ import annotations

ARCHITECTURE_NAMES = (
    "humor_teacher",
    "humor_teacher_pyramid",
    "humor_student",
    "humor_student_pyramid",
    "lora_moe",
    "m4oe",
    "mome",
)
"""All that ``build`` makes."""

TOKEN = 16
"""Voxels along the edge of a token, the grid of gate weights; all windows are multiples of it."""

GROUPS = 4
"""Groups of blocks of teacher and student; each group's end is a skip of the decoder."""


def gate_names(blocks: int, groups: int = GROUPS) -> list[str]:
    """One gate per block, e.g. ``group2/block5``, blocks counted from 1 through all groups."""
    size = blocks // groups
    return [f"group{block // size + 1}/block{block + 1}" for block in range(blocks)]


def expert_names(experts: int) -> tuple[str, ...]:
    """Names of experts that belong to no sequence."""
    return tuple(f"expert {index + 1}" for index in range(experts))
