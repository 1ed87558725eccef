"""One training: batches, steps, checkpoints, checks."""
