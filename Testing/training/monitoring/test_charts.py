"""Charts are well-formed SVG in which values lie at their places."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from humor_training.monitoring.charts import BOTTOM, LEFT, RIGHT, TOP, Chart, Mark, colour_class, draw, label
from humor_training.monitoring.run_figures import Curve, curve

CHART = Chart("Loss", 100.0, [curve("total", [0, 50, 100], [2.0, 1.0, 0.5])], limits=(0.0, 2.0))
WIDTH, HEIGHT = CHART.width - LEFT - RIGHT, CHART.height - TOP - BOTTOM


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart))


def groups(svg: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [group for group in svg.iter("g") if group.get("class") == kind]


def places(group: ElementTree.Element) -> list[tuple[float, float]]:
    (path,) = group.findall("path")
    numbers = [float(part) for part in re.findall(r"-?[\d.]+", path.get("d", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def words(svg: ElementTree.Element) -> list[str | None]:
    return [text.text for text in svg.iter("text")]


def test_a_point_lies_where_its_value_says() -> None:
    (line,) = groups(drawn(CHART), "line")
    expected = [(LEFT, TOP), (LEFT + WIDTH / 2, TOP + HEIGHT / 2), (LEFT + WIDTH, TOP + 0.75 * HEIGHT)]
    for found, wanted in zip(places(line), expected, strict=True):
        assert found == pytest.approx(wanted, abs=0.06)


def test_a_chart_of_a_wide_range_is_logarithmic_where_it_may_be() -> None:
    falling = [curve("a", [0, 50, 100], [10.0, 1.0, 0.1])]
    middles = []
    for log in (True, False):
        (line,) = groups(drawn(replace(CHART, curves=falling, limits=None, log=log)), "line")
        middles.append(places(line)[1][1])
    assert middles[0] == pytest.approx(TOP + HEIGHT / 2, abs=0.06)
    assert middles[1] > TOP + 0.8 * HEIGHT


def test_marks_lie_at_their_values_and_those_outside_are_left_out() -> None:
    chart = replace(CHART, uprights=[Mark(25, "stage 2"), Mark(200, "later")], levels=[Mark(0.5, "10%")])
    svg = drawn(chart)
    upright, level = groups(svg, "mark")
    assert places(upright)[0][0] == pytest.approx(LEFT + 0.25 * WIDTH, abs=0.06)
    assert places(level)[0][1] == pytest.approx(TOP + 0.75 * HEIGHT, abs=0.06)
    assert {"stage 2", "10%"} <= set(words(svg)) and "later" not in words(svg)


def test_axes_say_their_values_as_people_write_them() -> None:
    assert words(drawn(CHART)) == ["0", "50", "100", "0", "0.5", "1", "1.5", "2"]
    small = replace(CHART, limits=(0.0, 0.004))
    assert {"0", "0.001", "0.004"} <= set(words(drawn(small)))
    assert {"0%", "20%", "100%"} <= set(words(drawn(replace(CHART, limits=(0.0, 1.0), percent=True))))
    assert [label(value) for value in (20_000, 3e6, 0.05, 1e-6)] == ["20 k", "3 M", "0.05", "1e−6"]


def test_values_that_are_never_negative_get_an_axis_that_is_not_either() -> None:
    svg = drawn(replace(CHART, limits=None, curves=[curve("a", [0, 100], [0.0, 1.0])]))
    assert not any(str(word).startswith("−") for word in words(svg))


def test_a_long_curve_gives_a_small_drawing_and_its_spike_is_still_at_its_place() -> None:
    y = np.ones(20_000) + 0.2 * np.random.default_rng(0).random(20_000)
    y[7_000] = 2.0
    chart = replace(CHART, end=20_000.0, curves=[Curve("a", np.arange(20_000.0), y)])
    assert len(draw(chart)) < 20_000
    (line,) = groups(drawn(chart), "line")
    top = min(places(line), key=lambda place: place[1])
    assert top == pytest.approx((LEFT + 0.35 * WIDTH, TOP), abs=1.0)


def test_every_curve_is_drawn_in_a_colour_of_its_own_and_the_ninth_is_dashed() -> None:
    curves = [curve(f"curve {index}", [0, 1], [index, index]) for index in range(9)]
    lines = groups(drawn(replace(CHART, limits=(0, 9), curves=curves)), "line")
    assert [line.get("data-curve") for line in lines] == [made.name for made in curves]
    styles = [line.findall("path")[0].get("style", "") for line in lines]
    assert [f"var(--c{index % 8})" in style for index, style in enumerate(styles)] == [True] * 9
    assert ["dasharray" in style for style in styles] == [False] * 8 + [True]
    assert (colour_class(3), colour_class(8)) == ("c3", "c0 dashed")


def test_a_curve_of_one_point_is_seen_as_a_dot_and_one_without_points_is_not() -> None:
    svg = drawn(replace(CHART, curves=[curve("one", [50], [1.0]), curve("none", [], [])]))
    (line,) = groups(svg, "line")
    (dot,) = line.iter("use")
    assert line.get("data-curve") == "one"
    assert (float(dot.get("x", "")), float(dot.get("y", ""))) == pytest.approx(
        (LEFT + WIDTH / 2, TOP + HEIGHT / 2), abs=0.06
    )


def test_the_chart_says_in_words_what_it_shows() -> None:
    assert drawn(CHART).get("aria-label") == "Loss: total from 2 to 0.5"
    assert drawn(replace(CHART, curves=[])).get("aria-label") == "Loss: nothing yet"


def test_names_cannot_break_the_markup() -> None:
    strange = "<script>\"'&$x$"
    svg = drawn(replace(CHART, title=strange, curves=[curve(strange, [0, 1], [1, 2])]))
    assert [line.get("data-curve") for line in groups(svg, "line")] == [strange]
    assert list(svg.iter("script")) == []
