"""HUMoR engine: brain tumour segmentation from any subset of T1, T1c, T2 and FLAIR.

Importing this package loads neither torch nor any other heavy library.
"""

__version__ = "0.1.0"
