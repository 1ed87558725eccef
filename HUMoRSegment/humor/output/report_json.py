"""``report.json``: every fact of one run, and where it comes from. ``report.html`` shows the same facts."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..box import bounding_box
from ..inference.segmentation import all_warnings
from ..options import SegmentOptions
from ..regions import LABEL_NAMES
from ..sequences import SEQUENCES
from ..study.volume import Source, Sources
from ..warnings import to_json
from .nifti import label_map

if TYPE_CHECKING:
    from ..inference.segmentation import Segmentation
    from ..study.case import Case


SCHEMA = "humor-report/1"
"""Changes when a field changes its meaning or goes away; further fields may come without it."""

NOTICE = "For research use only. Not a medical device: not for diagnosis or treatment."
_LIBRARIES = ("numpy", "nibabel", "SimpleITK", "scipy", "openvino", "torch", "monai")


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
    case, warnings = segmentation.case, all_warnings(segmentation)
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
        "warnings": [str(warning) for warning in warnings],
        "warning_records": [to_json(warning) for warning in (*warnings, *segmentation.fallbacks)],
        "routing": routing,
        "model": dict(segmentation.model),
        "options": options.to_json(),
        "device": segmentation.device,
        "fallbacks": [str(warning) for warning in segmentation.fallbacks],
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


def place_of(case: Case) -> str:
    """What shares of a result are shares of."""
    return "head" if case.skull else "brain"


def plausibility_facts(segmentation: Segmentation) -> dict[str, Any] | None:
    """As in ``report.json``: the numbers, and ``of``: what the shares are of; None without a tumour."""
    numbers = segmentation.plausibility
    if numbers is None:
        return None
    rounded = {
        key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(numbers).items()
    }
    return {**rounded, "of": place_of(segmentation.case)}


def plausibility_line(facts: Mapping[str, Any]) -> str:
    """One line about ``facts["plausibility"]``; empty where there is nothing to say.

    Args:
        facts: of ``report.json``; reports of earlier versions have no such entry.
    """
    numbers = facts.get("plausibility")
    if not numbers:
        return ""
    place = numbers["of"]
    pieces = "1 piece" if numbers["pieces"] == 1 else f"{numbers['pieces']} pieces"
    symmetry = numbers["symmetry"]
    mirrored = (
        "all of it near the mid-plane"
        if symmetry is None
        else f"{symmetry:.0%} of what lies off the mid-plane is mirrored on the other side"
    )
    return (
        f"Plausibility: the whole tumour takes {numbers['share_of_brain']:.1%} of the {place}, "
        f"{numbers['outside_brain']:.0%} of it lies outside the {place}, {pieces}; {mirrored}."
    )


def input_facts(inputs: Mapping[str, Sources]) -> list[dict[str, Any]]:
    """For each given sequence, in sequence order: its file, where it lay, and what was read of it.

    Args:
        inputs: sequence → the files that were read for it: the one that was given and, where that is
            only a header, those that hold its data.

    Returns:
        ``sequence``, ``file``, ``folder``, ``bytes`` and ``sha256``; for detached data also ``data``,
        a list of ``file``, ``bytes`` and ``sha256``.
    """
    return [_facts(name, inputs[name]) for name in SEQUENCES if name in inputs]


def _facts(sequence: str, sources: Sources) -> dict[str, Any]:
    given, *data = sources
    folder = given.path.absolute().parent
    facts = {"sequence": sequence, "file": given.path.name, "folder": str(folder), **_content(given)}
    if data:
        facts["data"] = [{"file": part.path.name, **_content(part)} for part in data]
    return facts


def _content(source: Source) -> dict[str, Any]:
    return {"bytes": source.size, "sha256": source.sha256}


def versions() -> dict[str, str]:
    """Versions of HUMoR, Python, the system, and of those libraries that this run loaded."""
    loaded = {
        name: str(getattr(sys.modules[name], "__version__", "unknown"))
        for name in _LIBRARIES
        if name in sys.modules
    }
    return {
        "humor": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        **loaded,
    }


def now() -> str:
    """Local date and time with its offset to UTC, e.g. ``2025-11-21T14:05:09+01:00``."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
