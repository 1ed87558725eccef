"""From files to a case that a network can segment, and back to the grid of the scan."""
