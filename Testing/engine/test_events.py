from __future__ import annotations

import json

import pytest

from humor.errors import Cancelled
from humor.events import Event, Reporter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_fractions_follow_the_shares_of_the_stages_and_time_left_follows_them() -> None:
    events: list[Event] = []
    clock = Clock()
    reporter = Reporter(events.append, {"load": 1.0, "segment": 3.0}, clock)
    reporter.stage("load")
    reporter.stage("segment")
    clock.now = 10.0
    reporter.progress(0.5)
    assert [event.fraction for event in events] == [0.0, 0.25, 0.625]
    assert events[-1].seconds_left == pytest.approx(10 * 0.375 / 0.625)
    assert events[0].seconds_left is None


def test_a_stage_without_a_share_has_no_fraction() -> None:
    events: list[Event] = []
    Reporter(events.append, {"load": 1.0}).stage("other")
    assert events[0].fraction is None


def test_an_event_is_one_line_of_json_without_empty_fields() -> None:
    line = Event("warning", message="line one\nline two", data={"code": 3}).to_json()
    assert "\n" not in line
    assert json.loads(line) == {"kind": "warning", "message": "line one\nline two", "data": {"code": 3}}


def test_cancelling_stops_the_task_at_its_next_event() -> None:
    reporter = Reporter(shares={"load": 1.0})
    reporter.stage("load")
    reporter.cancel()
    with pytest.raises(Cancelled):
        reporter.progress(0.5)
