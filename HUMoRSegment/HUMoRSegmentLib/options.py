"""What can be chosen about a run in Slicer: the engine's options, and those of the scene."""

from __future__ import annotations

from dataclasses import dataclass

from humor.options import SegmentOptions, option, redeclared


@dataclass(frozen=True)
class Options(SegmentOptions):
    """Choices for one run; those of the engine are declared in ``humor.options``.

    The scene has segments and a panel of its own, so the engine writes neither file, but keeps the
    probabilities, which let thresholds be moved afterwards.
    """

    probabilities: bool = redeclared("probabilities", True, "do not keep the probabilities")
    page: bool = redeclared("page", False, "also write report.html")
    segments: bool = redeclared("segments", False, "also write segmentation.seg.nrrd")
    label_map: bool = option(False, "also make the BraTS label map", commands=(), parameter="label_map")
    region_label_maps: bool = option(
        False, "also make one label map for each region", commands=(), parameter="region_label_maps"
    )
    add_result: bool = option(
        False,
        "make a further segmentation; else a second run replaces the segments of the earlier one",
        commands=(),
        parameter="add_result",
    )
