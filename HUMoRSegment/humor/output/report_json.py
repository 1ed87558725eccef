"""``report.json``: every fact of one run. ``report.html`` shows the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..box import bounding_box
from ..inference.segmentation import Segmentation
from ..options import SegmentOptions
from ..regions import LABEL_NAMES
from ..sequences import SEQUENCES
from ..study.source import Sources
from .labelmap import label_map
from .plausibility_line import plausibility_facts
from .provenance import input_facts, now, versions
from .warnings import all_warnings

SCHEMA = "humor-report/1"
"""Changes when a field changes its meaning or goes away; further fields may come without it."""

NOTICE = "For research use only. Not a medical device: not for diagnosis or treatment."


def report_facts(
    segmentation: Segmentation,
    inputs: Mapping[str, Sources],
    routing: dict[str, Any],
    outputs: list[str],
    options: SegmentOptions,
) -> dict[str, Any]:
    """The facts of a run (JSON-serialisable).

    Args:
        segmentation: the result.
        inputs: sequence → the files that were read for it.
        routing: as from ``routing_facts``.
        outputs: file names in the output folder.
        options: of the run.
    """
    case = segmentation.case
    flags = dict(zip(SEQUENCES, case.available, strict=True))
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "created": now(),
        "sequences": {
            "used": [name for name, there in flags.items() if there],
            "missing": [name for name, there in flags.items() if not there],
            "reference": case.reference,
        },
        "inputs": input_facts(inputs),
        "grid": {
            "shape": [int(size) for size in case.native.shape],
            "spacing_mm": [round(step, 6) for step in case.native.spacing],
            "affine": case.native.affine.tolist(),
        },
        "volumes_ml": segmentation.volumes_ml(),
        "labels_ml": _label_volumes(segmentation),
        "plausibility": plausibility_facts(segmentation),
        "misplaced": [asdict(each) for each in case.misplaced],
        "warnings": all_warnings(segmentation),
        "routing": routing,
        "model": dict(segmentation.model),
        "options": options.to_json(),
        "device": segmentation.device,
        "fallbacks": list(segmentation.fallbacks),
        "seconds": {stage: round(float(value), 3) for stage, value in segmentation.seconds.items()},
        "versions": versions(),
        "outputs": list(outputs),
    }


def _label_volumes(segmentation: Segmentation) -> list[dict[str, Any]]:
    """Millilitres of each value of the label map."""
    box = bounding_box(segmentation.regions[0]) or (slice(0), slice(0), slice(0))
    labels = label_map(segmentation.regions[(slice(None), *box)])
    counts = np.bincount(labels.ravel(order="K"), minlength=max(LABEL_NAMES) + 1)
    voxel = segmentation.case.native.voxel_ml
    return [
        {"value": value, "name": name, "ml": float(counts[value]) * voxel}
        for value, name in LABEL_NAMES.items()
    ]
