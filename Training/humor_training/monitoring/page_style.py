"""What a training's page adds to the look of the engine's reports: charts and heat tables."""

from __future__ import annotations

from humor.output.report_html import STYLE

_LIGHT = ["#3a6fb0", "#c4601f", "#2f8f5b", "#a8326e", "#7a5cc0", "#8a7a12", "#1d8a99", "#6b7480"]
_DARK = ["#7fb0ee", "#f0a064", "#68c994", "#ee86b5", "#b7a1f3", "#d8c556", "#5cc9d8", "#aab4be"]
"""Eight hues that differ in lightness too; the dark page has lighter ones."""


def _colours(values: list[str]) -> str:
    return " ".join(f"--c{index}: {value};" for index, value in enumerate(values))


def _classes() -> str:
    """``.c3 { --curve: var(--c3); }``: each kind of mark then paints itself with ``--curve``."""
    return "\n".join(f".c{index} {{ --curve: var(--c{index}); }}" for index in range(len(_LIGHT)))


PAGE_STYLE = f"""{STYLE}
:root {{ {_colours(_LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_colours(_DARK)} }} }}
@media print {{ :root {{ {_colours(_LIGHT)} }} }}
{_classes()}
svg {{ display: block; width: 100%; height: auto; }}
svg text {{ font-size: 11px; fill: var(--soft); font-variant-numeric: tabular-nums; }}
svg .end {{ text-anchor: end; }}
svg .middle {{ text-anchor: middle; }}
svg .grid {{ stroke: var(--line); }}
svg .axis, svg .tick {{ stroke: var(--soft); }}
svg .mark {{ stroke: var(--soft); stroke-dasharray: 3 3; }}
svg .line, svg .faint {{ fill: none; stroke: var(--curve); stroke-linejoin: round; }}
svg .line {{ stroke-width: 1.8; }}
svg .faint {{ stroke-width: 1; opacity: .3; }}
svg .line.dashed {{ stroke-dasharray: 5 3; }}
svg .dot {{ fill: var(--curve); }}
.key {{ --chip: var(--curve); }}
.key.dashed .chip {{ opacity: .5; }}
.charts {{ display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem 1.4rem; }}
.charts figure {{ margin: 0; min-width: 0; }}
.charts figcaption, .wide figcaption {{
  display: flex; justify-content: space-between; gap: .6rem;
  font-size: .875rem; font-variant-numeric: tabular-nums;
}}
.wide {{ margin-bottom: 1.2rem; overflow-x: auto; }}
.wide figure {{ min-width: 640px; }}
.sample img {{ width: auto; max-width: 100%; margin: 0 auto; }}
.cards {{ display: grid; grid-template-columns: repeat(4, 1fr); gap: .9rem; margin-bottom: 1rem; }}
.cards b {{ display: block; font-size: 1.6rem; line-height: 1.25; font-variant-numeric: tabular-nums; }}
.progress {{ height: .5rem; border-radius: 4px; background: var(--track); overflow: hidden; }}
.progress span {{ display: block; height: 100%; background: var(--c0); }}
.heat td, .heat th {{ padding: .3rem .6rem; }}
.heat td {{ text-align: center; font-variant-numeric: tabular-nums; }}
.heat thead th {{ text-align: center; }}
.heat thead th:first-child {{ text-align: left; }}
.heat tbody th {{ font-weight: 400; white-space: nowrap; }}
.heat .idle {{ outline: 2px dashed var(--warn-line); outline-offset: -3px; }}
pre {{ margin: 0; overflow-x: auto; }}
@media (max-width: 900px) {{ .charts, .sample img {{ width: auto; max-width: 100%; margin: 0 auto; }}
.cards {{ grid-template-columns: repeat(2, 1fr); }} }}
@media (max-width: 560px) {{ .charts {{ grid-template-columns: 1fr; }} }}
"""
