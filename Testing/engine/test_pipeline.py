from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.cli.small_study import write_study
from engine.cli.stand_in import BrightPlaces
from humor import pipeline
from humor.errors import BundleError, Cancelled, InputError, OutputError
from humor.events import Event, Reporter
from humor.output.names import FIXED_NAMES, LABEL_MAP, PROBABILITIES, REPORT, REPORT_PAGE
from humor.pipeline import STAGES, SegmentOptions, segment_files
from humor.sequences import SEQUENCES

NO_PAGE = SegmentOptions(page=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = write_study(tmp_path_factory.mktemp("study"))
    return {name: folder / f"{name}.nii.gz" for name in SEQUENCES}


def segmenter() -> Any:
    return BrightPlaces()


def stand_in_bundle(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    """Have the segmenter made by ``make`` in the pipeline's thread."""
    monkeypatch.setattr(pipeline, "_load_bundle", lambda model: SimpleNamespace(spacing_mm=1.0))
    monkeypatch.setattr(pipeline, "_make_segmenter", lambda bundle, options: make())


def test_everything_that_was_asked_for_is_written(files: dict[str, Path], tmp_path: Path) -> None:
    outcome = segment_files(
        files, tmp_path / "out", SegmentOptions(probabilities=True), segmenter=segmenter()
    )
    assert set(FIXED_NAMES) <= set(outcome.files)
    assert {path.name for path in outcome.folder.iterdir()} == {*FIXED_NAMES, "routing"}
    assert outcome.facts()["report"] == (tmp_path / "out" / REPORT_PAGE).as_uri()


def test_what_was_not_asked_for_is_not_written(files: dict[str, Path], tmp_path: Path) -> None:
    options = SegmentOptions(page=False, routing=False)
    outcome = segment_files(files, tmp_path / "out", options, segmenter=segmenter())
    assert PROBABILITIES not in outcome.files and REPORT_PAGE not in outcome.files
    assert outcome.facts()["report"] is None
    assert not outcome.segmentation.routing.gates


def test_the_label_map_is_on_disk_before_the_reports_begin(files: dict[str, Path], tmp_path: Path) -> None:
    seen: dict[str, bool] = {}

    def look(event: Event) -> None:
        if event.kind == "stage":
            seen[event.stage] = (tmp_path / "out" / LABEL_MAP).exists()

    segment_files(files, tmp_path / "out", NO_PAGE, Reporter(look, STAGES), segmenter())
    assert seen["report"] and not seen["write"]


def test_stages_are_timed_and_the_report_apart(files: dict[str, Path], tmp_path: Path) -> None:
    outcome = segment_files(files, tmp_path / "out", NO_PAGE, segmenter=segmenter(), elapsed=100.0)
    seconds = outcome.seconds
    assert {"start", "load", "prepare", "segment", "write", "report"} <= set(seconds)
    assert seconds["start"] == 100.0 < seconds["to_label_map"] < seconds["total"]
    stages = sum(seconds[name] for name in ("start", "load", "prepare", "model", "segment", "write"))
    assert stages == pytest.approx(seconds["to_label_map"], abs=0.2)
    written = json.loads((tmp_path / "out" / REPORT).read_text())["seconds"]
    assert written["to_label_map"] == pytest.approx(seconds["to_label_map"], abs=0.001)


def test_every_warning_is_reported_once(files: dict[str, Path], tmp_path: Path) -> None:
    warned: list[str] = []

    def collect(event: Event) -> None:
        if event.kind == "warning":
            warned.append(event.message)

    only = {"flair": files["flair"]}
    outcome = segment_files(only, tmp_path / "out", NO_PAGE, Reporter(collect), segmenter())
    assert outcome.warnings and sorted(warned) == sorted(outcome.warnings)


def test_a_segmenter_serves_many_studies(files: dict[str, Path], tmp_path: Path) -> None:
    ready = segmenter()
    first = segment_files(files, tmp_path / "one", NO_PAGE, segmenter=ready)
    second = segment_files(files, tmp_path / "two", NO_PAGE, segmenter=ready)
    assert (first.folder / LABEL_MAP).read_bytes() == (second.folder / LABEL_MAP).read_bytes()


def test_the_model_is_loaded_while_the_images_are_read(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: dict[str, float] = {}

    def make() -> Any:
        began["model"] = time.perf_counter()
        return segmenter()

    def read(given: Any) -> Any:
        time.sleep(0.1)
        began["images were read"] = time.perf_counter()
        return load_study(given)

    load_study = pipeline.load_study
    stand_in_bundle(monkeypatch, make)
    monkeypatch.setattr(pipeline, "load_study", read)
    segment_files(files, tmp_path / "out", NO_PAGE)
    assert began["model"] < began["images were read"]


def test_a_failure_to_load_the_model_is_reported_as_itself(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise BundleError("model.safetensors is damaged.")

    stand_in_bundle(monkeypatch, fail)
    with pytest.raises(BundleError, match="damaged"):
        segment_files(files, tmp_path / "out", NO_PAGE)
    assert not (tmp_path / "out").exists()


def test_unusable_images_do_not_wait_for_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_bundle(monkeypatch, lambda: time.sleep(20))
    begin = time.perf_counter()
    with pytest.raises(InputError, match="nowhere"):
        segment_files({"t1": tmp_path / "nowhere.nii"}, tmp_path / "out")
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize("stage", ["load", "prepare", "segment", "write"])
def test_cancelling_before_the_label_map_leaves_nothing(
    stage: str, files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(Cancelled, match="nothing was kept"):
        segment_files(files, tmp_path / "out", NO_PAGE, cancelling_at(stage), segmenter())
    assert not (tmp_path / "out").exists()


def test_cancelling_the_report_keeps_the_label_map_and_says_so(
    files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(Cancelled, match=r"label map in .* is complete"):
        segment_files(files, tmp_path / "out", NO_PAGE, cancelling_at("report"), segmenter())
    assert [path.name for path in (tmp_path / "out").iterdir()] == [LABEL_MAP]


def cancelling_at(stage: str) -> Reporter:
    def listen(event: Event) -> None:
        if event.kind == "stage" and event.stage == stage:
            raise Cancelled("now")

    return Reporter(listen, STAGES)


def test_an_interrupt_stays_an_interrupt_and_says_what_is_left(
    files: dict[str, Path], tmp_path: Path
) -> None:
    def press(event: Event) -> None:
        if event.stage == "segment":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="nothing was kept"):
        segment_files(files, tmp_path / "out", NO_PAGE, Reporter(press), segmenter())
    assert not (tmp_path / "out").exists()


def test_two_runs_into_one_folder_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    def again(event: Event) -> None:
        if event.kind == "stage" and event.stage == "segment":
            segment_files(files, tmp_path / "out", NO_PAGE, segmenter=segmenter())

    with pytest.raises(OutputError, match="another run"):
        segment_files(files, tmp_path / "out", NO_PAGE, Reporter(again), segmenter())
