"""Synthetic patients: an average brain, bent at random, with a grown tumour and random contrasts."""
