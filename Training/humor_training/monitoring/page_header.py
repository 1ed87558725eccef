"""The page's top: what is trained, how far it is, how good."""

from __future__ import annotations

from itertools import accumulate

from humor.output.report_sections import text

from .curves import Curve, smooth
from .page_parts import last
from .run_figures import RunFigures


def header(figures: RunFigures) -> str:
    """What is trained, and how far it is."""
    recipe = figures.recipe
    network = f"Network {text(recipe.network.get('name', 'without a name'))}" if recipe else "Network unknown"
    facts = [network]
    for key, words in (("learned_from", "cases to learn from"), ("held_out", "held out")):
        if isinstance(cases := figures.origin.get(key), list):
            facts.append(f"{len(cases)} {words}")
    if "teacher" in figures.origin:
        facts.append("follows a teacher")
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
        cards.append(("Loss", last(smooth(total)) or "none yet", "total, smoothed"))
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
