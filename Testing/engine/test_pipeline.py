from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.cli.small_study import write_study
from engine.cli.stand_in import BrightPlaces
from humor import pipeline
from humor.errors import BundleError, Cancelled, InputError, OutputError, UsageError, UserFileError
from humor.events import Event, Reporter
from humor.options import SegmentOptions
from humor.output.names import FIXED_NAMES, LABEL_MAP, PROBABILITIES, REPORT, REPORT_PAGE
from humor.output.ownership import FILES, JOURNAL
from humor.pipeline import STAGES, segment_files
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
    monkeypatch.setattr(pipeline, "model_of", lambda options: SimpleNamespace(spacing_mm=1.0))
    monkeypatch.setattr(pipeline, "make_segmenter", lambda bundle, options: make())


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
    assert outcome.warnings and sorted(warned) == sorted(map(str, outcome.warnings))


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

    def read(given: Any, channels: Any) -> Any:
        time.sleep(0.1)
        began["images were read"] = time.perf_counter()
        return load_study(given, channels)

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
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [JOURNAL, LABEL_MAP]
    segment_files(files, tmp_path / "out", NO_PAGE, segmenter=segmenter())
    assert (tmp_path / "out" / REPORT).is_file() and not (tmp_path / "out" / JOURNAL).exists()


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


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_results_do_not_go_over_an_experts_files_beside_the_images(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """As ``humor segment A -o A`` does."""
    study = tmp_path / "A"
    (study / "routing").mkdir(parents=True)
    for file in files.values():
        shutil.copy(file, study)
    for name in (LABEL_MAP, REPORT_PAGE, "routing/my_map.nii.gz"):
        (study / name).write_text("an expert's")
    before, events = state(study), list[Event]()
    given = {name: study / file.name for name, file in files.items()}
    with pytest.raises(UserFileError, match="routing/my_map"):
        segment_files(given, study, NO_PAGE, Reporter(events.append), segmenter())
    assert state(study) == before and not events  # it did not begin
    for name in (LABEL_MAP, REPORT_PAGE, "routing/my_map.nii.gz"):
        (study / name).unlink()
    images = state(study)
    for _ in range(2):
        segment_files(given, study, NO_PAGE, segmenter=segmenter())
    assert images.items() <= state(study).items()


def test_an_input_that_is_an_earlier_result_is_not_replaced(files: dict[str, Path], tmp_path: Path) -> None:
    """As ``--flair E/probabilities.nii.gz -o E`` would."""
    out = tmp_path / "E"
    segment_files(files, out, SegmentOptions(probabilities=True, page=False), segmenter=segmenter())
    before = state(out)
    with pytest.raises(UsageError, match="this input lies in the output folder"):
        segment_files({"flair": out / PROBABILITIES}, out, NO_PAGE, segmenter=segmenter())
    assert state(out) == before


def test_every_file_of_a_run_is_in_its_report_with_its_hash(files: dict[str, Path], tmp_path: Path) -> None:
    outcome = segment_files(files, tmp_path, SegmentOptions(probabilities=True), segmenter=segmenter())
    report = json.loads((tmp_path / REPORT).read_text())
    assert set(report[FILES]) == set(outcome.files) - {REPORT} == set(report["outputs"]) - {REPORT}
    for name, facts in report[FILES].items():
        data = (tmp_path / name).read_bytes()
        assert facts == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_the_hash_of_an_input_is_that_of_what_was_segmented(files: dict[str, Path], tmp_path: Path) -> None:
    """The file is replaced while the network runs."""
    study = write_study(tmp_path / "study")
    read = (study / "t1c.nii.gz").read_bytes()

    def replace_it(event: Event) -> None:
        if event.kind == "stage" and event.stage == "segment":
            (study / "t1c.nii.gz").write_bytes(b"another")

    given = {name: study / file.name for name, file in files.items()}
    segment_files(given, tmp_path / "out", NO_PAGE, Reporter(replace_it), segmenter())
    inputs = {
        item["sequence"]: item for item in json.loads((tmp_path / "out" / REPORT).read_text())["inputs"]
    }
    assert inputs["t1c"]["sha256"] == hashlib.sha256(read).hexdigest()
    assert inputs["t1c"]["bytes"] == len(read)
