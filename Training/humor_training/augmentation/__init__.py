"""Chance: windows, contrast, dropped sequences, moved and grown tumours."""
