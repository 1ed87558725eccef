"""Sections of a training's page, each a pure function of the run's figures; "" if there is nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from humor.output.report_sections import colour_code, figure, text
from humor.regions import REGIONS
from humor.sequences import SEQUENCES, display

from .charts import Chart, Mark, colour_class, draw, label
from .run_figures import Curve, RunFigures, smooth

WIDTH, HEIGHT = 1010.0, 280.0
"""Of the chart of the sum, as wide as the page."""
IDLE = 0.1
"""An expert with less than this share of a gate is close to being of no use."""
GATE_HEIGHT = 140.0
"""There may be dozens of gates."""


def losses(figures: RunFigures) -> str:
    """The sum in large, then each term."""
    known = [raw for raw in figures.losses.values() if raw.y.size]
    if not known:
        return ""
    large = _loss_chart(figures, known[0], uprights=_stages(figures, True), width=WIDTH, height=HEIGHT)
    small = "".join(chart_figure(raw.name, last(smooth(raw)), _loss_chart(figures, raw)) for raw in known[1:])
    return (
        "<section><h2>Losses</h2>"
        '<p class="small soft">Faint: as noted. Strong: mean of the last tenth of the training so far. '
        "Every term is shown with its weight, the segmentation loss without. Dashed: a new stage begins.</p>"
        f'<div class="wide">{chart_figure(known[0].name, last(smooth(known[0])), large)}</div>'
        f'<div class="charts">{small}</div></section>'
    )


def _loss_chart(figures: RunFigures, raw: Curve, **settings: Any) -> Chart:
    return over_steps(figures, raw.name, [smooth(raw)], faint=[raw], log=True, **settings)


def held_out(figures: RunFigures) -> str:
    """Dice of every region and subset at each check, and the last and best figures."""
    if not figures.held_out:
        return ""
    names = [dice.name for dice in next(iter(figures.held_out.values()))]
    charts = []
    for region in REGIONS:
        dice = figures.held_out[region.key]
        curves = over_steps(figures, f"Dice of {region.key}", dice, limits=(0.0, 1.0))
        chip = f'<span class="chip" style="--chip:{colour_code(region.colour)}"></span>'
        charts.append(chart_figure(f"{region.name} ({region.key})", "", curves, chip))
    return (
        f"<section><h2>Dice on held-out cases</h2>{legend(map(_subset, names))}"
        f'<div class="charts">{"".join(charts)}</div>{_dice_table(figures, names)}</section>'
    )


def _subset(name: str) -> str:
    return display(name.split("+")) if set(name.split("+")) <= set(SEQUENCES) else name


def _dice_table(figures: RunFigures, names: Sequence[str]) -> str:
    rows = []
    for index, name in enumerate(names):
        cells = "".join(
            f'<td class="number">{_dice(figures.held_out[region.key][index], -1)}</td>'
            f'<td class="number soft">{_dice(figures.held_out[region.key][index], None)}</td>'
            for region in REGIONS
        )
        rows.append(f"<tr><th>{text(_subset(name))}</th>{cells}</tr>")
    heads = "".join(
        f'<th class="number">{region.key} last</th><th class="number">best</th>' for region in REGIONS
    )
    return (
        '<div class="scroll"><table style="margin-top:1rem"><thead><tr><th>Sequences</th>'
        f"{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _dice(curve: Curve, index: int | None) -> str:
    """The figure at an index, or the best one; a dash if there is none."""
    if not curve.y.size:
        return "–"
    return f"{curve.y.max() if index is None else curve.y[index]:.3f}"


def picture(figures: RunFigures) -> str:
    """The latest sample slices."""
    if figures.picture is None:
        return ""
    step = figures.picture.stem.removeprefix("step_").lstrip("0") or "0"
    png = b64encode(figures.picture.read_bytes()).decode("ascii")
    caption = f"A held-out case at step {step}"
    alternative = f"{caption}: slices through the tumour with the outlines of the expert and of the network."
    note = "dashed: the expert, solid: the network; the patient's left is on the right of the first two views"
    return f'<section class="sample"><h2>Sample</h2>{figure(caption, note, alternative, png)}</section>'


def gates(figures: RunFigures) -> str:
    """How much each expert of each gate is used, over time and now."""
    if not figures.gates:
        return ""
    parts = [
        "<section><h2>Use of experts</h2>",
        '<p class="small soft">Mean weight of every expert of every gate between two notes. '
        f"The dashed line is at {IDLE:.0%}: an expert below it hardly takes part.</p>",
    ]
    for experts, names in _by_experts(figures).items():
        charts = []
        for name in names:
            loads = over_steps(
                figures,
                f"Loads of {name}",
                figures.gates[name],
                limits=(0.0, 1.0),
                percent=True,
                levels=(Mark(IDLE, f"{IDLE:.0%}"),),
                height=GATE_HEIGHT,
            )
            charts.append(chart_figure(name, "", loads))
        parts.append(f'{legend(experts)}<div class="charts">{"".join(charts)}</div>')
        parts.append(_heat_table(figures, experts, names))
    return "".join([*parts, "</section>"])


def _by_experts(figures: RunFigures) -> dict[tuple[str, ...], list[str]]:
    """Gates with the same experts share colours and a table."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, loads in figures.gates.items():
        groups.setdefault(tuple(load.name for load in loads), []).append(name)
    return groups


def _heat_table(figures: RunFigures, experts: Sequence[str], names: Sequence[str]) -> str:
    heads = "".join(f"<th>{text(expert)}</th>" for expert in experts)
    rows = []
    for name in names:
        loads = [float(load.y[-1]) if load.y.size else np.nan for load in figures.gates[name]]
        cells = "".join(_heat_cell(load) for load in loads)
        rows.append(f"<tr><th>{text(name)}</th>{cells}</tr>")
    return (
        '<h3>Loads at the last note</h3><div class="scroll"><table class="heat"><thead><tr><th>Gate</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _heat_cell(load: float) -> str:
    if np.isnan(load):
        return "<td>–</td>"
    idle = ' class="idle"' if load < IDLE else ""
    return f'<td{idle} style="background:rgba(68,119,170,{0.85 * load:.2f})">{load:.1%}</td>'


def running(figures: RunFigures) -> str:
    """Learning rate, speed, waiting."""
    if not figures.learning_rate.y.size:
        return ""
    rate, speed, waiting = figures.learning_rate, figures.speed, figures.waiting
    top = max(float(waiting.y.max(initial=0.0)), 0.1)
    rates = over_steps(figures, "Learning rate", [rate])
    speeds = over_steps(figures, "Steps per minute", [smooth(speed)], faint=[speed])
    waits = over_steps(
        figures,
        "Waiting for data",
        [smooth(waiting)],
        faint=[waiting],
        limits=(0.0, top),
        percent=True,
    )
    share = f"{smooth(waiting).y[-1]:.0%}" if waiting.y.size else ""
    return (
        '<section><h2>Running</h2><p class="small soft">Steps per minute include checks on held-out cases. '
        "Waiting is the share of time in which the network had no batch to work on.</p>"
        f'<div class="charts">{chart_figure("Learning rate", last(rate), rates)}'
        f"{chart_figure('Steps per minute', last(smooth(speed)), speeds)}"
        f"{chart_figure('Waiting for data', share, waits)}</div></section>"
    )


def recipe(figures: RunFigures) -> str:
    """The recipe as it was given."""
    if not figures.recipe_text:
        return ""
    words = "This recipe is of another version, so the charts do not show its stages."
    other = "" if figures.recipe else f'<p class="small soft">{words}</p>'
    return f"<section><h2>Recipe</h2>{other}<pre><code>{text(figures.recipe_text)}</code></pre></section>"


def over_steps(figures: RunFigures, title: str, curves: Sequence[Curve], **settings: Any) -> Chart:
    """A chart over all steps so far.

    Args:
        figures: the run's; they know the last step and where stages begin.
        title: of the chart.
        curves: to draw.
        settings: of the ``Chart``, beyond these.
    """
    end = max([float(curve.x[-1]) for curve in curves if curve.x.size] + [float(figures.step), 1.0])
    return Chart(title, end, curves, **{"uprights": _stages(figures), **settings})


def _stages(figures: RunFigures, named: bool = False) -> list[Mark]:
    """Where every stage but the first begins; ``named``: with its number and what is new in it."""
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
