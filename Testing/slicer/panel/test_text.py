from __future__ import annotations

import re

import pytest

from HUMoRSegmentLib.panel.text import (
    BAR_PIXELS,
    bar,
    bars,
    mark,
    megabytes,
    millilitres,
    percent,
    progress,
    table,
    time_left,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.2, "about 1 s left"),
        (12.4, "about 12 s left"),
        (89.0, "about 89 s left"),
        (90.0, "about 2 min left"),
        (5400.0, "about 1.5 h left"),
    ],
)
def test_time_left_is_said_in_the_unit_that_people_would_use(seconds: float | None, words: str) -> None:
    assert time_left(seconds) == words


@pytest.mark.parametrize(
    ("fraction", "seconds", "words"),
    [
        (None, None, "Loading"),
        (0.456, None, "Loading (45 %)"),
        (0.456, 3.0, "Loading (45 %, about 3 s left)"),
    ],
)
def test_progress_says_only_what_is_known(fraction: float | None, seconds: float | None, words: str) -> None:
    assert progress("Loading", fraction, seconds) == words


@pytest.mark.parametrize(("fraction", "number"), [(None, 0), (-0.1, 0), (0.999, 99), (1.0, 100), (1.2, 100)])
def test_per_cent_stays_between_0_and_100_and_is_100_only_at_the_end(
    fraction: float | None, number: int
) -> None:
    assert percent(fraction) == number


def test_an_unknown_volume_is_a_dash_and_no_volume_is_a_number() -> None:
    assert millilitres(None) == "–"
    assert millilitres(0.0) == "0.0 ml"
    assert millilitres(12.345) == "12.3 ml"


def test_every_level_has_a_sign_of_its_own() -> None:
    assert len({mark(level, "x") for level in ("ok", "warning", "error")}) == 3


def test_sizes_are_in_megabytes() -> None:
    assert megabytes(12_340_000) == "12.3 MB"


def widths(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"width='(\d+)'", text)]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.999, 1.0])
def test_a_bar_is_as_long_as_its_share_and_all_bars_take_the_same_room(share: float) -> None:
    text = bar(share, "#4477aa")
    filled = re.findall(r"width='(\d+)' bgcolor", text)
    assert sum(widths(text)) == BAR_PIXELS
    assert (int(filled[0]) if filled else 0) == round(BAR_PIXELS * share)


def test_a_bar_beyond_its_range_is_cut_but_its_number_is_not() -> None:
    text = bar(1.3, "#4477aa")
    assert widths(text) == [BAR_PIXELS]
    assert "130&nbsp;%" in text


def test_words_with_angle_brackets_stay_words() -> None:
    text = table(["<b>Expert"], [["a<b"]])
    assert "&lt;b&gt;Expert" in text
    assert "a&lt;b" in text


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    text = table(["name", "ml"], [["WT", "−1.5"]])
    assert "<td align='left'>WT" in text
    assert "<td align='right'>−1.5" in text


def test_an_unknown_share_is_a_dash_without_a_bar() -> None:
    text = bars(["Expert", "Brain", "Tumour"], [("first", "#4477aa", [0.5, None])])
    assert text.count("bgcolor") == 1
    assert "<td>–</td>" in text
