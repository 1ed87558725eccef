"""Line charts as inline SVG, drawn by matplotlib: no script, no other file, the page's own colours."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from humor.output.report_sections import text

from .run_figures import Curve

COLOURS = ("#3a6fb0", "#c4601f", "#2f8f5b", "#a8326e", "#7a5cc0", "#8a7a12", "#1d8a99", "#6b7480")
"""Eight hues that differ in lightness too; curves of one chart repeat them after that, dashed."""
DARK_COLOURS = ("#7fb0ee", "#f0a064", "#68c994", "#ee86b5", "#b7a1f3", "#d8c556", "#5cc9d8", "#aab4be")
"""The same on a dark page."""
LOG_FROM = 4.0
"""Ratio of the highest to the lowest value from which a chart is logarithmic, where it may be."""
DOTTED = 30
"""Up to so many points are also drawn as dots: a curve of one point has no line."""
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 16.0, 24.0
"""Room around the plot for the labels, in units of the view box."""
_SOFT, _LINE = "#010203", "#040506"
_VARIABLES = {colour: f"var(--c{index})" for index, colour in enumerate(COLOURS)} | {
    _SOFT: "var(--soft)",
    _LINE: "var(--line)",
}
"""What stands in the drawing → what the page paints it with, so that one drawing fits light and dark."""


@dataclass(frozen=True)
class Mark:
    """A dashed line across the chart at a value, with a word beside it ("" for none)."""

    value: float
    word: str = ""


@dataclass(frozen=True)
class Chart:
    """What a chart shows, over steps from 0 on.

    Attributes:
        title: for those who cannot see it, and for tests; the page writes its own heading.
        end: the last step.
        curves: drawn in the colours 0, 1, 2 ...
        faint: drawn below them, each in the colour of the curve of the same place.
        limits: lowest and highest value; None: those of the curves, with a margin.
        log: logarithmic where it can be (all above 0) and helps (they span a factor of ``LOG_FROM``).
        percent: write values as percentages.
        width: of the view box; about the pixels that the page gives it.
        height: of the view box.
        uprights: steps to mark, e.g. where a stage begins.
        levels: values to mark.
    """

    title: str
    end: float
    curves: Sequence[Curve]
    faint: Sequence[Curve] = ()
    limits: tuple[float, float] | None = None
    log: bool = False
    percent: bool = False
    width: float = 320.0
    height: float = 170.0
    uprights: Sequence[Mark] = ()
    levels: Sequence[Mark] = ()

    def write(self, value: float) -> str:
        """One of the chart's values in words."""
        return f"{value:.0%}" if self.percent else label(value)


def label(value: float) -> str:
    """A value as people write it beside an axis: 20 k, 0.05, 1e−6."""
    if abs(value) >= 1e6:
        short = f"{value / 1e6:g} M"
    elif abs(value) >= 1000:
        short = f"{value / 1000:g} k"
    else:
        mantissa, _, exponent = f"{value:.4g}".partition("e")
        short = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return short.replace("-", "\N{MINUS SIGN}")


def colour_class(index: int) -> str:
    """The style classes of curve number ``index``, in legends."""
    return f"c{index % len(COLOURS)}" + (" dashed" if index >= len(COLOURS) else "")


def draw(chart: Chart) -> str:
    """The chart as an ``<svg>`` element; every curve's group has its name as ``data-curve``."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # Text stays text. Of long curves, points within a unit are joined: spikes stay, and pages are small.
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": chart.title, "path.simplify_threshold": 1.0}
    with matplotlib.rc_context(style):
        FigureCanvasSVG(figure_of(chart)).print_svg(buffer, metadata=nothing)
    return _inline(buffer.getvalue(), chart)


def figure_of(chart: Chart) -> Any:
    """The chart as a matplotlib figure; 1 point is 1 unit of the view box."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(chart.width / 72, chart.height / 72))
    room = (LEFT / chart.width, BOTTOM / chart.height)
    inner = (1 - (LEFT + RIGHT) / chart.width, 1 - (TOP + BOTTOM) / chart.height)
    axes = figure.add_axes((*room, *inner))
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    for kind, curves in (("faint", chart.faint), ("line", chart.curves)):
        for index, curve in enumerate(curves):
            if curve.y.size:
                _plot(axes, curve, index, kind)
    _scale(axes, chart)
    _mark(axes, chart)
    return figure


def _plot(axes: Any, curve: Curve, index: int, kind: str) -> None:
    faint, few = kind == "faint", curve.y.size <= DOTTED
    axes.plot(
        curve.x,
        curve.y,
        color=COLOURS[index % len(COLOURS)],
        linewidth=1.0 if faint else 1.8,
        linestyle="dashed" if index >= len(COLOURS) else "solid",
        marker="o" if few and not faint else "",
        markersize=4.4,
        markeredgewidth=0,
        alpha=0.3 if faint else None,
        solid_joinstyle="round",
        clip_on=False,
        gid=f"{kind}-{index}",
    )


def _scale(axes: Any, chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axes.set_xlim(0.0, chart.end)
    values = np.concatenate([np.zeros(0), *(curve.y for curve in (*chart.faint, *chart.curves))])
    low, high = chart.limits or ((float(values.min()), float(values.max())) if values.size else (0.0, 1.0))
    wanted = round(chart.height / 35)
    if chart.log and low > 0 and high / low >= LOG_FROM:
        margin = (high / low) ** 0.05
        axes.set_yscale("log")
        axes.set_ylim(low / margin, high * margin)
        axes.yaxis.set_major_locator(LogLocator(subs=_log_parts(high / low), numticks=4 * wanted))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        margin = 0.0 if chart.limits else 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        # Values that cannot be negative get an axis that is not either.
        axes.set_ylim(max(low - margin, 0.0) if low >= 0 else low - margin, high + margin)
        axes.yaxis.set_major_locator(MaxNLocator(wanted, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(9 if chart.width > 500 else 4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: chart.write(float(f"{value:.6g}"))))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: label(float(f"{value:.6g}"))))
    axes.grid(axis="y", color=_LINE, linewidth=1.0, clip_on=False)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=11, labelcolor=_SOFT, color=_SOFT, pad=4)
    axes.tick_params(axis="y", length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_SOFT)


def _log_parts(ratio: float) -> tuple[float, ...]:
    """Which parts of every power of ten are written beside an axis that spans such a ratio."""
    return (1.0, 2.0, 3.0, 5.0, 7.0) if ratio < 10 else (1.0, 2.0, 5.0) if ratio < 300 else (1.0,)


def _mark(axes: Any, chart: Chart) -> None:
    style = {"color": _SOFT, "linewidth": 1.0, "linestyle": (0, (3, 3)), "clip_on": False}
    words = {"color": _SOFT, "fontsize": 11}
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for mark in chart.uprights:
        if left < mark.value < right:
            axes.axvline(mark.value, gid="mark", **style)
            place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            axes.annotate(mark.word, (mark.value, 1.0), (4, -9), **place, **words)
    for mark in chart.levels:
        if low <= mark.value <= high:
            axes.axhline(mark.value, gid="mark", **style)
            place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
            axes.annotate(mark.word, (1.0, mark.value), (0, 3), ha="right", **place, **words)


def _inline(svg: str, chart: Chart) -> str:
    """Matplotlib's file as an element of the page: no links, no names of its own, the page's colours."""
    head, _, body = svg[svg.index("<svg") :].partition(">")
    view = re.search(r'viewBox="[^"]*"', head)
    assert view is not None
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;]*; ", "", body).replace("xlink:href", "href")
    for kind, curves in (("faint", chart.faint), ("line", chart.curves)):
        for index, curve in enumerate(curves):
            named = f'<g class="{kind}" data-curve="{text(curve.name)}"'
            body = body.replace(f'<g id="{kind}-{index}"', named)
    body = body.replace('<g id="mark"', '<g class="mark"')
    body = re.sub(r'<g id="[\w.]+_\d+"', "<g", body)
    body = re.sub(r"(\.\d\d)\d+(?=[^<>]*>)", r"\1", body)  # of places, not of the words between tags
    body = re.sub("|".join(_VARIABLES), lambda found: _VARIABLES[found.group(0)], body)
    return f'<svg {view.group(0)} role="img" aria-label="{_spoken(chart)}">{body.strip()}'


def _spoken(chart: Chart) -> str:
    ends = [
        f"{curve.name} from {chart.write(float(curve.y[0]))} to {chart.write(float(curve.y[-1]))}"
        for curve in chart.curves
        if curve.y.size
    ]
    return text(f"{chart.title}: {', '.join(ends) or 'nothing yet'}")
