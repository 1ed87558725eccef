"""A whole output folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from humor.inference.segmentation import Segmentation
from humor.options import SegmentOptions
from humor.output import report_html
from humor.output.folder import OutputFolder
from humor.output.names import LABEL_MAP, REPORT
from humor.output.ownership import JOURNAL
from humor.output.results import Results


def files_in(path: Path) -> set[str]:
    return {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}


def test_the_report_lists_exactly_the_files_of_the_folder(segmentation: Segmentation, tmp_path: Path) -> None:
    with OutputFolder(tmp_path) as out:
        results = Results(out, segmentation, SegmentOptions())
        assert results.publish_label_map().is_file()
        results.write_rest({})
    facts = json.loads((tmp_path / REPORT).read_text(encoding="utf-8"))
    assert set(facts["outputs"]) == files_in(tmp_path)
    assert "routing/group1-block1.nii.gz" in facts["outputs"]


def test_segments_are_left_out_where_they_are_not_wanted(segmentation: Segmentation, tmp_path: Path) -> None:
    with OutputFolder(tmp_path) as out:
        results = Results(out, segmentation, SegmentOptions(page=False, segments=False))
        results.publish_label_map()
        facts = results.write_rest({})
    assert "segmentation.seg.nrrd" not in files_in(tmp_path) | set(facts["outputs"])
    assert LABEL_MAP in files_in(tmp_path)


def test_a_later_run_of_another_model_leaves_no_routing_behind(
    make_segmentation: Callable[..., Segmentation], tmp_path: Path
) -> None:
    for gates in (("group1/block1",), ()):
        plain = make_segmentation(gates=gates)
        with OutputFolder(tmp_path) as out:
            results = Results(out, plain, SegmentOptions(page=False))
            results.publish_label_map()
            results.write_rest({})
    assert files_in(tmp_path) == {LABEL_MAP, "segmentation.seg.nrrd", REPORT}


def test_a_failing_page_keeps_the_label_map_and_gives_no_mark_of_completion(
    segmentation: Segmentation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("no fonts")

    monkeypatch.setattr(report_html, "write_report_page", fail)
    with pytest.raises(RuntimeError, match="no fonts"), OutputFolder(tmp_path) as out:
        results = Results(out, segmentation, SegmentOptions())
        results.publish_label_map()
        results.write_rest({})
    assert files_in(tmp_path) == {LABEL_MAP, JOURNAL}
