from __future__ import annotations

import io
import json

import pytest

from humor.cli.terminal import Bar, JsonLines, Quiet, bar_line, error_event, listener_for
from humor.errors import Cancelled, InputError
from humor.events import Event


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_shows_per_cent_time_left_and_what_is_done() -> None:
    line = bar_line(0.5, 65.2, "Segmenting")
    assert line.count("#") == line.count("-") and "50 %" in line and "1:05 left" in line
    assert line.endswith("Segmenting")
    assert "2:00:01 left" in bar_line(0.1, 7201, "")
    assert "left" not in bar_line(0.0, None, "")


def test_on_a_terminal_one_line_is_drawn_again_and_erased_at_the_end() -> None:
    stream = Terminal()
    bar = Bar(stream)
    bar(Event("stage", "segment", "Segmenting", 0.2, 4.0))
    bar(Event("progress", "segment", fraction=0.6, seconds_left=2.0))
    bar(Event("progress", "segment", fraction=0.6, seconds_left=2.0))
    assert stream.getvalue().count("60 %") == 1  # unchanged, so not drawn again
    bar(Event("result", fraction=1.0))
    assert "\n" not in stream.getvalue() and stream.getvalue().endswith("\r\x1b[K")


def test_a_warning_does_not_break_the_bar() -> None:
    stream = Terminal()
    bar = Bar(stream)
    bar(Event("progress", "segment", "Segmenting", 0.6, 2.0))
    bar(Event("warning", "segment", "Look twice."))
    assert stream.getvalue().endswith("\r\x1b[KWarning: Look twice.\n")


def test_elsewhere_there_is_one_plain_line_for_each_stage() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar(Event("stage", "load", "Reading the images", 0.0))
    bar(Event("progress", "load", fraction=0.1, seconds_left=3.0))
    bar(Event("stage", "segment", "Segmenting", 0.3))
    assert stream.getvalue() == "Reading the images …\nSegmenting …\n"


def test_quiet_shows_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    listener = listener_for(as_json=False, quiet=True)
    assert isinstance(listener, Quiet)
    listener(Event("stage", "load", "Reading the images", 0.0))
    listener(Event("warning", message="Look twice."))
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err == "Warning: Look twice.\n"


def test_json_lines_hold_one_event_each(capsys: pytest.CaptureFixture[str]) -> None:
    listener = listener_for(as_json=True, quiet=False)
    listener(Event("warning", message="two\nlines"))
    listener(error_event(InputError("t1.nii is empty.")))
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first)["message"] == "two\nlines"
    assert json.loads(second)["data"] == {"type": "InputError", "exit_code": 1}


def test_json_lines_that_nobody_reads_cancel_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    with pytest.raises(Cancelled):
        JsonLines()(Event("stage", "load"))
