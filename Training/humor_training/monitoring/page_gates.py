"""The page's section on gates: how much every expert is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from humor.output.report_sections import text

from .axes import Axis
from .chart import Mark
from .page_parts import chart_figure, legend, over_steps
from .run_figures import RunFigures

IDLE = 0.1
"""An expert with less than this share of a gate is close to being of no use."""
HEIGHT = 140.0
"""There may be dozens of gates."""


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
            loads = over_steps(figures, f"Loads of {name}", figures.gates[name], Axis(0.0, 1.0), percent=True)
            marked = replace(loads, levels=(Mark(IDLE, f"{IDLE:.0%}"),), height=HEIGHT)
            charts.append(chart_figure(name, "", marked))
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
