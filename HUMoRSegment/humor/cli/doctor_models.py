"""Checks of the installed models, and a small segmentation with the default one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import BundleError, HumorError
from .doctor_check import FAIL, OK, WARN, Check

if TYPE_CHECKING:
    from ..study.case import Case

TRIAL_EDGE = 64  # voxels: quick, and a multiple of every network's patch
INSTALL = "Install it with 'humor models import FILE.zip', or install HUMoR again."


def check_models() -> Iterator[Check]:
    """Open every installed model and check its hashes."""
    from ..bundle.find import DEFAULT_BUNDLE
    from ..bundle.store import installed_bundles

    entries = installed_bundles()
    if not any(entry.name == DEFAULT_BUNDLE for entry in entries):
        yield Check(FAIL, "model", f"the default model {DEFAULT_BUNDLE!r} is not installed", INSTALL)
    for entry in entries:
        if entry.bundle is None:
            yield Check(FAIL, "model", f"{entry.name}: {entry.problem}", INSTALL)
            continue
        try:
            entry.bundle.verify()
        except BundleError as error:
            yield Check(FAIL, "model", f"{entry.name}: {error}", INSTALL)
            continue
        size = f"{entry.bundle.size / 1e6:.1f} MB"
        hashed = f"hashes right, SHA-256 {entry.bundle.sha256}"
        yield Check(OK, "model", f"{entry.name} {entry.bundle.manifest.version}, {size}, {hashed}")


def check_trial(device: str) -> Iterator[Check]:
    """Segment a small made-up brain with the default model, if it is there."""
    import numpy as np

    from ..bundle.find import find_bundle
    from ..bundle.load import load_bundle
    from ..events import Reporter

    try:
        bundle = load_bundle(find_bundle())
    except BundleError:  # check_models has said so
        return
    try:
        from ..inference.segmenter import Segmenter

        begin = time.perf_counter()
        segmenter = Segmenter(bundle, device=device)
        ready = time.perf_counter()
        result = segmenter.run(trial_case(), Reporter())
        done = time.perf_counter()
    except ImportError as error:
        yield Check(FAIL, "trial", f"a part of HUMoR cannot be loaded ({error})", "Install HUMoR again.")
        return
    except HumorError as error:
        yield Check(FAIL, "trial", str(error), "Try 'humor doctor --device cpu', and report this output.")
        return
    found = result.probabilities
    seconds = f"ready in {ready - begin:.1f} s, done in {done - ready:.1f} s"
    text = f"{TRIAL_EDGE}³ voxels on {result.device}: {seconds}"
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1):
        remedy = "Do not use this device: try 'humor doctor --device cpu', and report this output."
        yield Check(FAIL, "trial", f"{text}, but the result is not made of probabilities", remedy)
    elif result.fallbacks:
        yield Check(
            WARN, "trial", f"{text}. {' '.join(map(str, result.fallbacks))}", "See memory and devices above."
        )
    else:
        yield Check(OK, "trial", text)


def trial_case() -> Case:
    """A ball of noise with a brighter ball inside, in all four sequences, already normalised."""
    import numpy as np

    from ..sequences import SEQUENCES
    from ..study.case import Case
    from ..study.grid import WORKING_AXES, Grid

    edge = TRIAL_EDGE
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, edge)] * 3, indexing="ij"))
    brain = (places**2).sum(axis=0) < 0.8
    ball = ((places - 0.2) ** 2).sum(axis=0) < 0.1
    noise = np.random.default_rng(0).standard_normal((len(SEQUENCES), edge, edge, edge))
    affine = np.eye(4)
    affine[:3, :3] = WORKING_AXES.T
    grid = Grid((edge, edge, edge), affine)
    image = ((noise + 2 * ball) * brain).astype(np.float32)
    return Case(image, (True, True, True, True), brain, grid, grid, SEQUENCES[0])
