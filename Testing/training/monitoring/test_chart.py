"""Charts are well-formed SVG in which values lie at their places."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from humor_training.monitoring.axes import Axis
from humor_training.monitoring.chart import BOTTOM, LEFT, RIGHT, TOP, Chart, Mark, draw
from humor_training.monitoring.curves import POINTS, Curve, curve

CHART = Chart("Loss", Axis(0.0, 100.0), Axis(0.0, 2.0), [curve("total", [0, 50, 100], [2.0, 1.0, 0.5])])


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart))


def places(path: ElementTree.Element) -> list[tuple[float, float]]:
    numbers = [float(part) for part in re.findall(r"-?[\d.]+", path.get("d", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def lines(svg: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [path for path in svg.iter("path") if kind in path.get("class", "").split()]


def test_a_point_lies_where_its_value_says() -> None:
    (path,) = lines(drawn(CHART), "line")
    width, height = CHART.width - LEFT - RIGHT, CHART.height - TOP - BOTTOM
    expected = [(LEFT, TOP), (LEFT + width / 2, TOP + height / 2), (LEFT + width, TOP + 0.75 * height)]
    for found, wanted in zip(places(path), expected, strict=True):
        assert found == pytest.approx(wanted, abs=0.06)


def test_a_point_of_a_logarithmic_chart_lies_where_its_value_says() -> None:
    chart = replace(CHART, y=Axis(0.1, 10.0, log=True), curves=[curve("a", [25], [1.0])])
    (path,) = lines(drawn(chart), "line")
    height = chart.height - TOP - BOTTOM
    assert places(path)[0][1] == pytest.approx(TOP + height / 2, abs=0.06)


def test_marks_lie_at_their_values_and_those_outside_are_left_out() -> None:
    chart = replace(CHART, uprights=[Mark(25, "stage 2"), Mark(200, "later")], levels=[Mark(0.5, "10%")])
    svg = drawn(chart)
    upright, level = (line for line in svg.iter("line") if line.get("class") == "mark")
    width, height = chart.width - LEFT - RIGHT, chart.height - TOP - BOTTOM
    assert float(upright.get("x1", "")) == pytest.approx(LEFT + 0.25 * width, abs=0.06)
    assert float(level.get("y1", "")) == pytest.approx(TOP + 0.75 * height, abs=0.06)
    words = [text.text for text in svg.iter("text")]
    assert "stage 2" in words and "10%" in words and "later" not in words


def test_grid_lines_stand_beside_the_value_that_they_are_labelled_with() -> None:
    svg = drawn(CHART)
    rows = [float(line.get("y1", "")) for line in svg.iter("line") if line.get("class") == "grid"]
    labels = [text for text in svg.iter("text") if text.get("class") == "end"]
    assert [text.text for text in labels] == ["0", "0.5", "1", "1.5", "2"]
    height = CHART.height - TOP - BOTTOM
    for row, text in zip(rows, labels, strict=True):
        assert row == pytest.approx(TOP + height * (1 - float(text.text or "") / 2), abs=0.06)


def test_a_long_curve_is_thinned_and_its_spike_is_still_at_its_place() -> None:
    y = np.ones(20_000)
    y[7_000] = 2.0
    chart = replace(CHART, x=Axis(0.0, 20_000.0), curves=[Curve("a", np.arange(20_000.0), y)])
    (path,) = lines(drawn(chart), "line")
    assert len(places(path)) <= POINTS
    top = min(places(path), key=lambda place: place[1])
    width = chart.width - LEFT - RIGHT
    assert top == pytest.approx((LEFT + 0.35 * width, TOP), abs=0.06)


def test_every_curve_is_drawn_in_a_colour_of_its_own_and_the_ninth_is_dashed() -> None:
    curves = [curve(f"curve {index}", [0, 1], [index, index]) for index in range(9)]
    paths = lines(drawn(replace(CHART, y=Axis(0, 9), curves=curves)), "line")
    assert [path.get("data-curve") for path in paths] == [made.name for made in curves]
    assert len({path.get("class") for path in paths}) == 9
    assert paths[8].get("class") == "line c0 dashed"


def test_a_curve_of_one_point_is_seen_as_a_dot_and_one_without_points_is_not() -> None:
    svg = drawn(replace(CHART, curves=[curve("one", [50], [1.0]), curve("none", [], [])]))
    assert [dot.findtext("title") for dot in svg.iter("circle")] == ["one, step 50: 1"]
    assert [path.get("data-curve") for path in svg.iter("path")] == ["one"]


def test_the_chart_says_in_words_what_it_shows() -> None:
    assert drawn(CHART).get("aria-label") == "Loss: total from 2 to 0.5"
    assert drawn(replace(CHART, curves=[])).get("aria-label") == "Loss: nothing yet"


def test_names_cannot_break_the_markup() -> None:
    strange = '<script>"&'
    svg = drawn(replace(CHART, title=strange, curves=[curve(strange, [0, 1], [1, 2])]))
    assert [path.get("data-curve") for path in svg.iter("path")] == [strange]
    assert list(svg.iter("script")) == []
