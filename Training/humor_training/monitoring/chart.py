"""Line charts as inline SVG: no script, no file beside the page, colours from the page's style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from humor.output.report_sections import text

from .axes import Axis, label
from .curves import Curve, thin

COLOURS = 8
"""Curves of one chart that get a colour of their own; after that they repeat, dashed."""
DOTTED = 30
"""Up to so many points are also drawn as dots: a curve of one point has no line."""
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 16.0, 24.0
"""Room around the plot for the labels, in units of the view box."""


@dataclass(frozen=True)
class Mark:
    """A dashed line across the chart at a value, with a word beside it ("" for none)."""

    value: float
    word: str = ""


@dataclass(frozen=True)
class Chart:
    """What a chart shows.

    Attributes:
        title: for those who cannot see it, and for tests; the page writes its own heading.
        x: steps.
        y: values.
        curves: drawn in the colours 0, 1, 2 ...
        faint: drawn below them, each in the colour of the curve of the same place.
        width: of the view box; about the pixels that the page gives it.
        height: of the view box.
        uprights: steps to mark, e.g. where a stage begins.
        levels: values to mark.
        write: a value of ``y`` in words.
    """

    title: str
    x: Axis
    y: Axis
    curves: Sequence[Curve]
    faint: Sequence[Curve] = ()
    width: float = 320.0
    height: float = 170.0
    uprights: Sequence[Mark] = ()
    levels: Sequence[Mark] = ()
    write: Callable[[float], str] = field(default=label)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the view box, from its top left corner."""
        across = LEFT + self.x.place(x) * (self.width - LEFT - RIGHT)
        down = TOP + (1.0 - self.y.place(y)) * (self.height - TOP - BOTTOM)
        return across, down


def draw(chart: Chart) -> str:
    """The chart as an ``<svg>`` element."""
    parts = [_grid(chart), _marks(chart)]
    parts += [_line(chart, curve, index, "faint") for index, curve in enumerate(chart.faint)]
    parts += [_line(chart, curve, index, "line") for index, curve in enumerate(chart.curves)]
    parts += [_dots(chart, curve, index) for index, curve in enumerate(chart.curves)]
    return (
        f'<svg viewBox="0 0 {chart.width:g} {chart.height:g}" role="img" aria-label="{_spoken(chart)}">'
        f"{''.join(parts)}</svg>"
    )


def colour_class(index: int) -> str:
    """The style classes of curve number ``index``, in charts and legends."""
    return f"c{index % COLOURS}" + (" dashed" if index >= COLOURS else "")


def _spoken(chart: Chart) -> str:
    ends = [
        f"{curve.name} from {chart.write(float(curve.y[0]))} to {chart.write(float(curve.y[-1]))}"
        for curve in chart.curves
        if curve.y.size
    ]
    return text(f"{chart.title}: {', '.join(ends) or 'nothing yet'}")


def _grid(chart: Chart) -> str:
    left, right = LEFT, chart.width - RIGHT
    bottom = chart.height - BOTTOM
    parts = []
    for value in chart.y.ticks(round(chart.height / 35)):
        _, y = chart.at(chart.x.low, value)
        parts.append(f'<line class="grid" x1="{left:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="end" x="{left - 6:g}" y="{y + 3.5:.1f}">{chart.write(value)}</text>')
    for value in chart.x.ticks(9 if chart.width > 500 else 4):
        x, _ = chart.at(value, chart.y.low)
        parts.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:g}" y2="{bottom + 4:g}"/>')
        parts.append(f'<text class="middle" x="{x:.1f}" y="{bottom + 16:g}">{label(value)}</text>')
    parts.append(f'<line class="axis" x1="{left:g}" x2="{right:g}" y1="{bottom:g}" y2="{bottom:g}"/>')
    return "".join(parts)


def _marks(chart: Chart) -> str:
    top, bottom, right = TOP, chart.height - BOTTOM, chart.width - RIGHT
    parts = []
    for mark in chart.uprights:
        if chart.x.low < mark.value < chart.x.high:
            x, _ = chart.at(mark.value, chart.y.low)
            parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>')
            parts.append(f'<text x="{x + 4:.1f}" y="{top + 9:g}">{text(mark.word)}</text>')
    for mark in chart.levels:
        if chart.y.low <= mark.value <= chart.y.high:
            _, y = chart.at(chart.x.low, mark.value)
            parts.append(f'<line class="mark" x1="{LEFT:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text class="end" x="{right:g}" y="{y - 3:.1f}">{text(mark.word)}</text>')
    return "".join(parts)


def _line(chart: Chart, curve: Curve, index: int, kind: str) -> str:
    if not curve.y.size:
        return ""
    shown = thin(curve)
    places = [chart.at(float(x), float(y)) for x, y in zip(shown.x, shown.y, strict=True)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    title = f"<title>{text(curve.name)}</title>" if kind == "line" else ""
    classes = f"{kind} {colour_class(index)}"
    return f'<path class="{classes}" data-curve="{text(curve.name)}" d="{path}">{title}</path>'


def _dots(chart: Chart, curve: Curve, index: int) -> str:
    if curve.y.size > DOTTED:
        return ""
    parts = []
    for step, value in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        x, y = chart.at(step, value)
        words = f"{text(curve.name)}, step {step:.0f}: {chart.write(value)}"
        parts.append(
            f'<circle class="dot {colour_class(index)}" cx="{x:.1f}" cy="{y:.1f}" r="2.2">'
            f"<title>{words}</title></circle>"
        )
    return "".join(parts)
