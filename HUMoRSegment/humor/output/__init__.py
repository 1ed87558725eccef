"""The output folder: label map, segments, probabilities, routing maps and reports."""
