"""Weights on disk: run folders, checkpoints in shards, means of several runs.

Here are the names of the files in a run's folder: everything may know them, and not everything needs torch.
"""

from __future__ import annotations

CHECKPOINT, BEST, RECIPE, ORIGIN = "checkpoint.pt", "best.pt", "recipe.yaml", "origin.json"
THRESHOLDS = "thresholds.json"
"""Chosen for the run's weights."""
SHARDS = "checkpoint*.safetensors"
"""A checkpoint that travels; see ``shards``."""
