"""A made-up patient with a glioblastoma: the sample study, drawn by formulas and seeded noise.

No image of a real person, no template and no data file goes into it, so it can be given to anyone.
"""

from humor.sample.patient import DEFAULT_SEED, SampleStudy, generate, write_sample

__all__ = ["DEFAULT_SEED", "SampleStudy", "generate", "write_sample"]
