"""Which folders are packages: found, not listed. All else is in ``pyproject.toml``.

Models and the sample study lie where the Slicer extension keeps them; installed, they are inside the
package.
"""

from setuptools import find_packages, setup

DATA = {
    "humor.bundles": "HUMoRSegment/Resources/Models",
    "humor.sample_data": "HUMoRSegment/Resources/Sample",
}

setup(
    packages=[
        *find_packages("HUMoRSegment", include=["humor", "humor.*"]),
        *find_packages("Training", include=["humor_training", "humor_training.*"]),
        *DATA,
    ],
    package_dir={"humor": "HUMoRSegment/humor", "humor_training": "Training/humor_training", **DATA},
)
