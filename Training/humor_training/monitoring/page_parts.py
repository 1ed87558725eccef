"""What all sections of a training's page are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from humor.output.report_sections import text

from .axes import Axis, label
from .chart import Chart, Mark, colour_class, draw
from .curves import Curve
from .run_figures import RunFigures


def over_steps(
    figures: RunFigures,
    title: str,
    curves: Sequence[Curve],
    y: Axis,
    named: bool = False,
    percent: bool = False,
) -> Chart:
    """A chart over all steps so far.

    Args:
        figures: the run's; they know the last step and where stages begin.
        title: of the chart.
        curves: to draw.
        y: range of their values.
        named: write beside the beginning of each stage what is new in it.
        percent: write values as percentages.
    """
    end = max([float(curve.x[-1]) for curve in curves if curve.x.size] + [float(figures.step), 1.0])
    stages = _stages(figures, named)
    write = (lambda value: f"{value:.0%}") if percent else label
    return Chart(title, Axis(0.0, end), y, curves, uprights=stages, write=write)


def _stages(figures: RunFigures, named: bool) -> list[Mark]:
    """Where every stage but the first begins, with its number and what is new in it."""
    if figures.recipe is None:
        return []
    stages = figures.recipe.stages
    begins = accumulate(stage.steps for stage in stages)
    words = [
        f"{number}: {stage.phase or ' × '.join(map(str, stage.window))}" if named else ""
        for number, stage in enumerate(stages, start=1)
    ]
    return [Mark(begin, word) for begin, word in zip(begins, words[1:], strict=False)]


def chart_figure(caption: str, value: str, chart: Chart, chip: str = "") -> str:
    """A chart below its caption and its latest value; ``chip`` is HTML before the caption."""
    return (
        f"<figure><figcaption><span>{chip}{text(caption)}</span>"
        f'<span class="soft">{text(value)}</span></figcaption>{draw(chart)}</figure>'
    )


def last(curve: Curve) -> str:
    """A curve's last value to three digits; "" if it has none."""
    return label(float(f"{curve.y[-1]:.3g}")) if curve.y.size else ""


def legend(names: Iterable[str]) -> str:
    """Which colour is which curve."""
    items = "".join(
        f'<li class="key {colour_class(index)}"><span class="chip"></span>{text(name)}</li>'
        for index, name in enumerate(names)
    )
    return f'<ul class="legend small">{items}</ul>'
