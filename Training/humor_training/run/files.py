"""Names of the files in a run's folder that several parts read."""

from __future__ import annotations

CHECKPOINT, BEST, RECIPE, ORIGIN = "checkpoint.pt", "best.pt", "recipe.yaml", "origin.json"
PIECES = "checkpoint*.safetensors"
"""A checkpoint that travels; see ``pieces``."""
