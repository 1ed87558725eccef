"""The module's window: one class for each part of the panel, and the few Qt helpers they share."""
