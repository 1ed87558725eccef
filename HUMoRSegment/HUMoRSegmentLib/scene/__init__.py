"""Nodes of the MRML scene: volumes as they are, and what a result is made of."""
