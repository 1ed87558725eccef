"""A model's folder: weights, everything needed to run them, and what is known about them."""
