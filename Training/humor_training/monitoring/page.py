"""``report.html`` of a run's folder: how a training goes, in one file that loads nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from string import Template

from humor.output.report_html import STYLE
from humor.output.report_sections import text

from . import page_sections as sections
from .charts import COLOURS, DARK_COLOURS
from .run_figures import Curve, RunFigures, read_figures, smooth

PAGE = "report.html"
"""In the run's folder."""

# The policy lets a browser load nothing and run nothing, whatever a recipe or a name may hold.
_PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
"""
)


def _colours(values: Sequence[str]) -> str:
    return " ".join(f"--c{index}: {value};" for index, value in enumerate(values))


def _classes() -> str:
    """``.c3 { --curve: var(--c3); }``: legends paint themselves with ``--curve``."""
    return "\n".join(f".c{index} {{ --curve: var(--c{index}); }}" for index in range(len(COLOURS)))


PAGE_STYLE = f"""{STYLE}
:root {{ {_colours(COLOURS)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_colours(DARK_COLOURS)} }} }}
@media print {{ :root {{ {_colours(COLOURS)} }} }}
{_classes()}
svg {{ display: block; width: 100%; height: auto; }}
svg text {{ font-variant-numeric: tabular-nums; }}
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


def write_page(run_folder: Path) -> Path:
    """Write the page of what the folder holds so far; a page that was there is replaced at once.

    Returns:
        The page's file.

    Raises:
        InputError: it is no run's folder, or one of its tables is of another kind.
    """
    figures = read_figures(run_folder)
    body = [
        _header(figures),
        sections.losses(figures),
        sections.held_out(figures),
        sections.picture(figures),
        sections.gates(figures),
        sections.running(figures),
        sections.recipe(figures),
    ]
    title = f"Training {text(figures.name)}"
    page = _PAGE.substitute(title=title, style=PAGE_STYLE, body="\n".join(filter(None, body)))
    path = run_folder / PAGE
    partial = path.with_suffix(".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)
    return path


def _header(figures: RunFigures) -> str:
    """What is trained, and how far it is."""
    recipe = figures.recipe
    network = f"Network {text(recipe.network.get('name', 'without a name'))}" if recipe else "Network unknown"
    facts = [network]
    for key, words in (("learned_from", "cases to learn from"), ("held_out", "held out")):
        if isinstance(cases := figures.origin.get(key), list):
            facts.append(f"{len(cases)} {words}")
    if "teacher" in figures.origin:
        facts.append("distilled from a teacher")
    return (
        f'<header><h1>Training {text(figures.name)}</h1><p class="soft">{", ".join(facts)}</p></header>'
        f"<section>{_cards(figures)}{_progress(figures)}</section>"
    )


def _cards(figures: RunFigures) -> str:
    overall = figures.overall()
    cards = [("Step", f"{figures.step:,}".replace(",", "\N{THIN SPACE}"), _stage_words(figures))]
    hours = figures.seconds / 3600
    cards.append(("Time", f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min", _remaining(figures)))
    if total := figures.losses.get("total"):
        cards.append(("Loss", sections.last(smooth(total)) or "none yet", "total, smoothed"))
    if overall.y.size:
        best = int(overall.y.argmax())
        words = f"mean of all, at step {overall.x[best]:.0f}"
        cards.append(("Best Dice", f"{overall.y[best]:.3f}", words))
    items = "".join(
        f'<div><span class="soft">{name}</span><b>{value}</b>'
        f'<span class="small soft">{text(note)}</span></div>'
        for name, value, note in cards
    )
    return f'<div class="cards">{items}</div>'


def _stage_words(figures: RunFigures) -> str:
    recipe = figures.recipe
    if recipe is None:
        return ""
    ends = list(accumulate(stage.steps for stage in recipe.stages))
    number = min(sum(end < figures.step for end in ends), len(ends) - 1) + 1
    return f"of {recipe.steps}, stage {number} of {len(ends)}"


def _remaining(figures: RunFigures) -> str:
    """At the mean time of a step over the last tenth of the training so far."""
    speed = figures.speed
    if figures.recipe is None or not speed.y.size:
        return ""
    left = figures.recipe.steps - figures.step
    if left <= 0:
        return "finished"
    minutes = Curve("minutes a step", speed.x, 1.0 / speed.y)
    hours = left * smooth(minutes).y[-1] / 60
    return f"about {hours:.1f} h to go" if hours >= 1 else f"about {60 * hours:.0f} min to go"


def _progress(figures: RunFigures) -> str:
    if figures.recipe is None:
        return ""
    share = min(figures.step / figures.recipe.steps, 1.0)
    return (
        f'<div class="progress" role="img" aria-label="{share:.0%} done">'
        f'<span style="width:{100 * share:.1f}%"></span></div>'
    )
