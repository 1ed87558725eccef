"""Everything a run writes, in the order in which users need it; and the table of sequences' influence."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..inference.segmentation import Segmentation
from ..options import SegmentOptions
from ..study.volume import Sources
from .folder import OutputFolder
from .names import INFLUENCE_TABLE, LABEL_MAP, PROBABILITIES, REPORT, REPORT_PAGE, SEGMENTS
from .nifti import write_label_map

INFLUENCE_SCHEMA = "humor-influence/1"
"""Changes when a field changes its meaning or goes away; further fields may come without it."""


class Results:
    """What a run writes into its folder.

    Args:
        out: the folder, entered.
        segmentation: the result.
        options: of the run; they say what is written (``report.html`` needs matplotlib), and stand in
            the report.
    """

    def __init__(self, out: OutputFolder, segmentation: Segmentation, options: SegmentOptions) -> None:
        self._out, self._segmentation, self._options = out, segmentation, options

    def publish_label_map(self) -> Path:
        """Write the label map and give it its final name at once; the rest can follow.

        Raises:
            OSError, OutputError: it cannot be written.
        """
        write_label_map(self._out.file(LABEL_MAP), self._segmentation)
        self._out.publish()
        return self._out.path / LABEL_MAP

    def write_rest(self, inputs: Mapping[str, Sources]) -> dict[str, Any]:
        """Stage segments, routing, reports and, if wanted, probabilities; leaving ``out`` publishes them.

        Args:
            inputs: sequence → the files that were read for it.

        Returns:
            The facts of ``report.json``.

        Raises:
            OSError, OutputError: a file cannot be written.
        """
        from .report_json import report_facts
        from .routing_files import routing_facts, write_routing

        out, segmentation, options = self._out, self._segmentation, self._options
        if options.segments:
            from .seg_nrrd import write_segments

            write_segments(out.file(SEGMENTS), segmentation)
        if options.probabilities:
            from .nifti import write_probabilities

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


def write_influence(out: OutputFolder, facts: Mapping[str, Any]) -> None:
    """Stage both files; leaving ``out`` publishes them.

    Args:
        out: the folder, entered, for this kind of results.
        facts: what ``influence.json`` holds; ``effects`` are the rows of the table.

    Raises:
        OSError: they cannot be written.
    """
    out.file(INFLUENCE_TABLE).write_text(_influence_csv(facts["effects"]), encoding="utf-8")
    out.write_mark(facts)


def _influence_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow(
            {key: f"{value:.4f}" if isinstance(value, float) else value for key, value in row.items()}
        )
    return text.getvalue()
