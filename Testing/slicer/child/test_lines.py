from __future__ import annotations

import io

import pytest
from child.processes import eventually

from humor.events import Event
from HUMoRSegmentLib.child.lines import LOG_LINES, LineReader, parse_event


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
