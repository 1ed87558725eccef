from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from humor.batch.messages import Settings
from humor.batch.state import RunStamp, RunStamps, judge, read_report, stats_of, unchanged
from humor.hashing import sha256_of_bytes
from humor.options import SegmentOptions
from humor.output.names import LABEL_MAP, REPORT
from humor.output.ownership import FILES, sealed
from humor.output.report_json import SCHEMA, input_facts
from humor.study.volume import watched


class Finished:
    """A study that was done by a stamp."""

    def __init__(self, folder: Path) -> None:
        self.image, self.results = folder / "t1.nii.gz", folder / "results"
        self.image.write_bytes(b"an image")
        self.results.mkdir()
        self.stamp = self.wanted()
        (self.results / LABEL_MAP).write_bytes(b"a label map")
        self.report(created="now")

    def wanted(self, image: Path | None = None) -> RunStamp:
        return RunStamp(stats_of({"t1": image or self.image}), "model", "options")

    def facts(self, **facts: Any) -> dict[str, Any]:
        data = (self.results / LABEL_MAP).read_bytes()
        with watched(self.image) as sources:
            pass
        inputs = input_facts({"t1": tuple(sources)})
        return {
            "schema": SCHEMA,
            "outputs": [LABEL_MAP, REPORT],
            "model": {"sha256": "model"},
            "inputs": inputs,
            "warnings": [],
            "sequences": {"used": ["t1"]},
            "device": "cpu",
            "created": "now",
            "seconds": {"to_label_map": 1.0},
            "volumes_ml": {"WT": 3.0, "TC": 2.0, "ET": 1.0},
            "labels_ml": [{"value": 1, "ml": 1.0}],
            FILES: {LABEL_MAP: {"bytes": len(data), "sha256": sha256_of_bytes(data)}},
        } | facts

    def report(self, **facts: Any) -> None:
        (self.results / REPORT).write_text(sealed(self.facts(**facts)))

    def is_done(self, wanted: RunStamp | None = None) -> bool:
        return judge(self.results, self.stamp, wanted or self.wanted()).report is not None


@pytest.fixture
def finished(tmp_path: Path) -> Finished:
    return Finished(tmp_path)


def test_what_was_done_is_done(finished: Finished) -> None:
    assert finished.is_done()


def test_without_a_stamp_nobody_knows_how_it_was_done(finished: Finished) -> None:
    assert judge(finished.results, None, finished.wanted()).report is None


def test_another_model_or_other_options_make_it_undone(finished: Finished) -> None:
    assert not finished.is_done(replace(finished.wanted(), model="other"))
    assert not finished.is_done(replace(finished.wanted(), options="other"))
    finished.report(model={"sha256": "other"})
    assert not finished.is_done()


def test_a_report_that_lay_there_before_the_attempt_does_not_count(finished: Finished) -> None:
    before = read_report(finished.results)
    assert before is not None
    finished.stamp = replace(finished.stamp, replaces=before.sha256)
    assert not finished.is_done()
    finished.report(created="later")
    assert finished.is_done()


def test_a_result_that_lost_a_file_is_not_complete(finished: Finished) -> None:
    (finished.results / LABEL_MAP).unlink()
    assert not finished.is_done()


@pytest.mark.parametrize("content", [b"", b"a label", b"A LABEL MAP"])
def test_a_label_map_that_was_emptied_cut_off_or_changed_is_not_done(
    finished: Finished, content: bytes
) -> None:
    (finished.results / LABEL_MAP).write_bytes(content)
    assert not finished.is_done()


def test_of_a_report_without_hashes_what_is_newer_is_not_done(finished: Finished) -> None:
    """As version 0.1.0 wrote them."""
    facts = finished.facts()
    del facts[FILES]
    (finished.results / REPORT).write_text(json.dumps(facts))
    assert finished.is_done()
    written = (finished.results / REPORT).stat().st_mtime_ns
    os.utime(finished.results / LABEL_MAP, ns=(written, written + 1))
    assert not finished.is_done()


def test_every_entry_that_is_missing_or_of_a_wrong_kind_makes_it_undone(finished: Finished) -> None:
    """And none of them is an error; the report is sealed, as if a version of ours had written it so."""
    numbers = [{"value": 1, "ml": 10**400}]
    damages: list[Any] = [None, 3, "x", [7], {"used": 5}, {"WT": "x"}, {"to_label_map": "x"}, numbers]
    harmless = [("device", "x"), ("created", "x"), ("seconds", {"used": 5}), ("seconds", {"WT": "x"})]
    for key in finished.facts().keys() - {"schema", FILES}:
        for damage in damages:
            if (key, damage) not in harmless:
                finished.report(**{key: damage})
                assert not finished.is_done(), (key, damage)
        facts = finished.facts()
        del facts[key]
        (finished.results / REPORT).write_text(sealed(facts))
        assert not finished.is_done(), key
    finished.report()
    assert finished.is_done()


def test_detached_data_that_changed_makes_it_undone(tmp_path: Path) -> None:
    header, data = tmp_path / "t1.mhd", tmp_path / "t1.raw"
    header.write_text("NDims = 3\nElementDataFile = t1.raw\n")
    data.write_bytes(b"voxels")
    before = stats_of({"t1": header})
    with watched(header) as sources:
        pass
    reported = input_facts({"t1": tuple(sources)})
    assert unchanged(before, stats_of({"t1": header}), reported)
    os.utime(data, (1, 1))
    assert unchanged(before, stats_of({"t1": header}), reported)
    data.write_bytes(b"VOXELS")
    assert not unchanged(before, stats_of({"t1": header}), reported)


@pytest.mark.parametrize("given", ["t1.img", "t1.hdr"])
@pytest.mark.parametrize("changed", ["t1.img", "t1.hdr"])
def test_a_pair_of_which_one_file_changed_makes_it_undone(tmp_path: Path, given: str, changed: str) -> None:
    for name in ("t1.hdr", "t1.img"):
        (tmp_path / name).write_bytes(b"a part")
    files = {"t1": tmp_path / given}
    before = stats_of(files)
    with watched(files["t1"]) as sources:
        pass
    reported = input_facts({"t1": tuple(sources)})
    os.utime(tmp_path / changed, (1, 1))
    assert unchanged(before, stats_of(files), reported)
    (tmp_path / changed).write_bytes(b"A PART")
    assert not unchanged(before, stats_of(files), reported)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_report_that_is_none_is_not_complete(finished: Finished, text: str) -> None:
    (finished.results / REPORT).write_text(text)
    assert not finished.is_done()


def test_a_touched_or_moved_file_with_the_same_content_stays_done(finished: Finished, tmp_path: Path) -> None:
    os.utime(finished.image, (1, 1))
    assert finished.is_done()
    moved = finished.image.rename(tmp_path / "elsewhere.nii.gz")
    assert finished.is_done(finished.wanted(moved))


def test_other_content_makes_it_undone_even_with_the_same_size(finished: Finished) -> None:
    finished.image.write_bytes(b"an other")
    os.utime(finished.image, (1, 1))
    assert not finished.is_done()
    finished.image.write_bytes(b"a longer image")
    assert not finished.is_done()


def test_another_file_of_the_same_size_and_time_makes_it_undone(finished: Finished, tmp_path: Path) -> None:
    other = tmp_path / "other.nii.gz"
    other.write_bytes(b"no image")
    facts = finished.image.stat()
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert not finished.is_done(finished.wanted(other))


def test_one_sequence_more_or_less_makes_it_undone(finished: Finished) -> None:
    more = stats_of({"t1": finished.image, "t2": finished.image})
    assert not finished.is_done(replace(finished.wanted(), inputs=more))
    assert not finished.is_done(replace(finished.wanted(), inputs={}))


def test_unchanged_files_are_not_read(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr("humor.batch.state.sha256_of_file", refuse)
    assert finished.is_done()


def test_stamps_come_back_as_they_were_written(tmp_path: Path) -> None:
    stamps, stamp = RunStamps(tmp_path), RunStamp({"t1": {"path": "p", "bytes": 1}}, "m", "o", "r")
    assert stamps.read("a.b") is None
    stamps.write("a.b", stamp)
    assert stamps.read("a.b") == stamp and stamps.read("a") is None
    stamps.remove("a.b")
    assert stamps.read("a.b") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        '{"inputs": {}}',
        "[" * 100_000,
        '{"inputs": 3, "model": "m", "options": "o", "replaces": null}',
        '{"inputs": {"t1": 3}, "model": "m", "options": "o", "replaces": null}',
    ],
)
def test_a_damaged_stamp_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert RunStamps(tmp_path).read("a") is None


def test_options_that_decide_results_change_the_hash_and_the_device_does_not() -> None:
    settings = Settings(SegmentOptions(), Path("folder"), "model", "sha")
    hashes = {settings.options_hash}
    for change in (
        {"precision": "fp32"},
        {"window": "96"},
        {"mirror": True},
        {"reference": "t1"},
        {"register": True},
        {"channels": ("t1", "t2")},
        {"probabilities": True},
        {"page": False},
        {"routing": False},
        {"segments": False},
    ):
        hashes.add(replace(settings, options=replace(settings.options, **change)).options_hash)
    assert len(hashes) == 11
    elsewhere = replace(settings, options=replace(settings.options, device="cuda:1"))
    assert elsewhere.options_hash == settings.options_hash
    assert Settings.from_json(json.loads(json.dumps(elsewhere.to_json()))) == elsewhere
