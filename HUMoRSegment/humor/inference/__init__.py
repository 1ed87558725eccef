"""Running a bundle's network over a case: devices, windows, fallbacks, clean-up."""
