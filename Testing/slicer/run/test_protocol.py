from __future__ import annotations

import io
import sys

import pytest
from run.processes import eventually

from humor.events import Event
from HUMoRSegmentLib.run.protocol import (
    LOG_LINES,
    TAIL_LINES,
    LineReader,
    parse_event,
    sentence_of_end,
    sentence_of_error,
    was_cancelled,
)


def test_an_event_comes_back_as_it_was_written() -> None:
    event = Event("progress", "segment", "Fenster 3 für Ü", 0.5, 12.25, {"a": [1, 2]})
    assert parse_event(event.to_json()) == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "3",
        "[1]",
        '{"stage": "load"}',
        '{"kind": 3}',
        '{"kind": "stage", "fraction": "half"}',
        '{"kind": "stage", "data": []}',
        '{"kind": "result"',
        "[" * 100_000,
    ],
)
def test_what_is_no_event_is_none(line: str) -> None:
    assert parse_event(line) is None


def test_entries_of_a_newer_engine_are_left_out() -> None:
    assert parse_event('{"kind": "stage", "stage": "load", "colour": "red"}') == Event("stage", "load")


def test_events_and_log_are_told_apart_and_the_log_stays_short() -> None:
    stdout = io.StringIO('{"kind": "stage"}\na library says hello\n{"kind": "result"}\n')
    stderr = io.StringIO("".join(f"line {number}\n" for number in range(1000)))
    reader = LineReader(stdout, stderr)
    assert eventually(lambda: reader.at_end)
    assert [event.kind for event in reader.take()] == ["stage", "result"]
    assert reader.take() == []
    assert len(reader.log().splitlines()) == LOG_LINES
    assert "line 999" in reader.log()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("code", "words"), [(-9, "SIGKILL"), (-15, "SIGTERM"), (-1, "SIGHUP")])
def test_signals_from_outside_are_named(code: int, words: str) -> None:
    sentence = sentence_of_end(code, "")
    assert f"ended from outside ({words})" in sentence and "memory" in sentence


@pytest.mark.parametrize(
    ("code", "words"), [(0xC0000005, "access violation"), (-1073741819, "access violation")]
)
def test_crashes_on_windows_are_named(code: int, words: str) -> None:
    assert f"crashed ({words})" in sentence_of_end(code, "")


def test_a_launcher_that_hides_the_signal_still_makes_memory_the_likely_cause() -> None:
    assert "memory" in sentence_of_end(1, "")
    assert "memory" not in sentence_of_end(1, "Traceback (most recent call last):\nImportError: no numpy")


def test_only_the_last_lines_are_shown() -> None:
    log = "\n".join(str(number) for number in range(20))
    shown = sentence_of_end(1, log).partition("Last lines:\n")[2].splitlines()
    assert shown == [str(number) for number in range(20 - TAIL_LINES, 20)]


def test_only_errors_of_writing_speak_of_the_temporary_folder() -> None:
    assert sentence_of_error("No image.", {"type": "InputError"}) == "No image."
    assert "temporary folder" in sentence_of_error("Disk full.", {"type": "OutputError"})
    assert sentence_of_error("", {}) != ""


@pytest.mark.parametrize(
    ("code", "data", "cancelled"), [(130, {}, True), (-15, {"exit_code": 130}, True), (1, {}, False)]
)
def test_a_cancel_is_known_by_exit_code_or_event(code: int, data: dict[str, int], cancelled: bool) -> None:
    assert was_cancelled(code, data) is cancelled
