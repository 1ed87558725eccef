"""Everything a run writes, in the order in which users need it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..inference.segmentation import Segmentation
from ..options import SegmentOptions
from ..study.source import Sources
from .folder import OutputFolder
from .labelmap import write_label_map
from .names import LABEL_MAP, PROBABILITIES, REPORT, REPORT_PAGE, SEGMENTS


def publish_label_map(out: OutputFolder, segmentation: Segmentation) -> Path:
    """Write the label map and give it its final name at once; the rest can follow.

    Raises:
        OSError, OutputError: it cannot be written.
    """
    write_label_map(out.file(LABEL_MAP), segmentation)
    out.publish()
    return out.path / LABEL_MAP


def write_rest(
    out: OutputFolder,
    segmentation: Segmentation,
    inputs: Mapping[str, Sources],
    options: SegmentOptions,
) -> dict[str, Any]:
    """Stage segments, routing maps, reports and, if wanted, probabilities; leaving ``out`` publishes them.

    Args:
        out: the folder, entered.
        segmentation: the result.
        inputs: sequence → the files that were read for it.
        options: of the run; they say what is written (``report.html`` needs matplotlib), and stand in
            the report.

    Returns:
        The facts of ``report.json``.

    Raises:
        OSError, OutputError: a file cannot be written.
    """
    from .report_json import report_facts
    from .routing_files import routing_facts, write_routing

    if options.segments:
        from .seg_nrrd import write_segments

        write_segments(out.file(SEGMENTS), segmentation)
    if options.probabilities:
        from .probabilities import write_probabilities

        write_probabilities(out.file(PROBABILITIES), segmentation)
    routing = routing_facts(segmentation)
    write_routing(out, segmentation, routing)
    reports = [REPORT_PAGE, REPORT] if options.page else [REPORT]
    facts = report_facts(segmentation, inputs, routing, [*out.all_names(), *reports], options)
    if options.page:
        from .report_html import write_report_page

        write_report_page(out.file(REPORT_PAGE), facts, segmentation)
    out.write_mark(facts)
    return facts
