from __future__ import annotations

import re

import pytest

from HUMoRSegmentLib.widget.rich_text import BAR_PIXELS, bar, bars, table


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
