"""The Slicer layer: window, parameters, logic, scene output. Never imports torch."""
