"""The page's section on held-out cases."""

from __future__ import annotations

from collections.abc import Sequence

from humor.output.report_sections import colour_code, text
from humor.regions import REGIONS
from humor.sequences import SEQUENCES, display

from .axes import Axis
from .curves import Curve
from .page_parts import chart_figure, legend, over_steps
from .run_figures import RunFigures


def held_out(figures: RunFigures) -> str:
    """Dice of every region and subset at each check, and the last and best figures."""
    if not figures.held_out:
        return ""
    names = [dice.name for dice in next(iter(figures.held_out.values()))]
    charts = []
    for region in REGIONS:
        dice = figures.held_out[region.key]
        curves = over_steps(figures, f"Dice of {region.key}", dice, Axis(0.0, 1.0))
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
