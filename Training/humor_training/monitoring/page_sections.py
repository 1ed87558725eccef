"""Sections of a training's page, each a pure function of the run's figures; "" if there is nothing."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

from humor.output.report_sections import figure, text

from .axes import Axis, fit_axis
from .chart import Chart
from .curves import Curve, smooth
from .page_parts import chart_figure, last, over_steps
from .run_figures import RunFigures

WIDTH, HEIGHT = 1010.0, 280.0
"""Of the chart of the sum, as wide as the page."""


def losses(figures: RunFigures) -> str:
    """The sum in large, then each term."""
    known = [raw for raw in figures.losses.values() if raw.y.size]
    if not known:
        return ""
    large = replace(_loss_chart(figures, known[0], named=True), width=WIDTH, height=HEIGHT)
    small = "".join(chart_figure(raw.name, last(smooth(raw)), _loss_chart(figures, raw)) for raw in known[1:])
    return (
        "<section><h2>Losses</h2>"
        '<p class="small soft">Faint: as noted. Strong: mean of the last tenth of the training so far. '
        "Every term is shown with its weight, the segmentation loss without. Dashed: a new stage begins.</p>"
        f'<div class="wide">{chart_figure(known[0].name, last(smooth(known[0])), large)}</div>'
        f'<div class="charts">{small}</div></section>'
    )


def running(figures: RunFigures) -> str:
    """Learning rate, speed, waiting."""
    if not figures.learning_rate.y.size:
        return ""
    rate, speed, waiting = figures.learning_rate, figures.speed, figures.waiting
    top = max(float(waiting.y.max(initial=0.0)), 0.1)
    rates = over_steps(figures, "Learning rate", [rate], fit_axis([rate.y]))
    speeds = over_steps(figures, "Steps per minute", [smooth(speed)], fit_axis([speed.y]))
    waits = over_steps(figures, "Waiting for data", [smooth(waiting)], Axis(0.0, top), percent=True)
    share = f"{smooth(waiting).y[-1]:.0%}" if waiting.y.size else ""
    return (
        '<section><h2>Running</h2><p class="small soft">Steps per minute include checks on held-out cases. '
        "Waiting is the share of time in which the network had no batch to work on.</p>"
        f'<div class="charts">{chart_figure("Learning rate", last(rate), rates)}'
        f"{chart_figure('Steps per minute', last(smooth(speed)), replace(speeds, faint=[speed]))}"
        f"{chart_figure('Waiting for data', share, replace(waits, faint=[waiting]))}</div></section>"
    )


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


def recipe(figures: RunFigures) -> str:
    """The recipe as it was given."""
    if not figures.recipe_text:
        return ""
    other = "" if figures.recipe else '<p class="small soft">Of another version: stages are not shown.</p>'
    return f"<section><h2>Recipe</h2>{other}<pre><code>{text(figures.recipe_text)}</code></pre></section>"


def _loss_chart(figures: RunFigures, raw: Curve, named: bool = False) -> Chart:
    axis = fit_axis([raw.y], log=True)
    return replace(over_steps(figures, raw.name, [smooth(raw)], axis, named=named), faint=[raw])
