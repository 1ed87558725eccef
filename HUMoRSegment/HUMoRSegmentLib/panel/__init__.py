"""The window of the module: one file for each section, and the helpers that they share."""
