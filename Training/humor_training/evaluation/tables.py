"""Tables of means in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from humor.regions import REGION_KEYS
from humor.sequences import display

from .bootstrap import LEVEL, RESAMPLES, Interval
from .calibration import BINS
from .hausdorff import PENALTY_MM
from .lesions import DILATIONS, SMALLEST_MM3
from .measures import MEASURES
from .summary import ALL_STUDIES, ALL_SUBSETS, IN_TRUTH, Cell, subset_order

NOTES = (
    "Empty regions: Dice and lesion-wise Dice are 1 and HD95 is 0 mm where neither the expert nor the model "
    f"marked any, 0 and {PENALTY_MM:.0f} mm where only one did (as BraTS counts). Lesion-wise Dice follows "
    f"BraTS 2023 ({DILATIONS} dilations, lesions above {SMALLEST_MM3:.0f} mm³). Volume errors are absolute. "
    f"Calibration: {BINS} bins of the region's probability, all voxels of the brain. Intervals of few "
    "patients are too narrow."
)
"""The rules that figures depend on."""

_OVER = {IN_TRUTH: "studies where the expert marked the region", ALL_STUDIES: "all studies"}


def interval_words() -> str:
    """What the brackets hold."""
    return f"[{LEVEL}% bootstrap interval over patients, {RESAMPLES} resamples]"


def markdown(title: str, facts: dict[str, str], cells: Sequence[Cell]) -> str:
    """A page: facts, then per measure a table of subsets × regions."""
    lines = [f"# {title}", "", *(f"- {name}: {value}" for name, value in facts.items()), "", NOTES, ""]
    for measure in dict.fromkeys(cell.measure for cell in cells):
        lines += measure_tables([cell for cell in cells if cell.measure == measure], measure, plain)
    return "\n".join(lines)


def measure_tables(cells: Sequence[Cell], measure: str, form: Callable[[Interval, str], str]) -> list[str]:
    """Lines of one measure's tables: where the region is in truth, and over all studies if that differs."""
    better = "higher" if MEASURES[measure].higher_is_better else "lower"
    lines = [f"## {MEASURES[measure].title} ({better} is better)", ""]
    by_over = {over: [cell for cell in cells if cell.over == over] for over in _OVER}
    intervals = [[cell.interval for cell in found] for found in by_over.values()]
    for over, found in by_over.items():
        if not found or (over == ALL_STUDIES and intervals[0] == intervals[1]):
            continue
        lines += [f"Mean over {_OVER[over]} {interval_words()}:", "", *_table(found, measure, form), ""]
    return lines


def plain(interval: Interval, measure: str) -> str:
    """``mean [low, high]``."""
    digits = MEASURES[measure].digits
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def subset_words(subset: str) -> str:
    """A subset as people write it."""
    return "all subsets" if subset == ALL_SUBSETS else display(subset.split("+"))


def _table(cells: Sequence[Cell], measure: str, form: Callable[[Interval, str], str]) -> list[str]:
    places = {(cell.subset, cell.region): cell.interval for cell in cells}
    patients = max(interval.patients for interval in places.values())
    lines = [
        f"| up to {patients} patients | {' | '.join(REGION_KEYS)} |",
        "|---" * (len(REGION_KEYS) + 1) + "|",
    ]
    for subset in subset_order([subset for subset, _ in places]):
        row = [places.get((subset, region)) for region in REGION_KEYS]
        words = [form(interval, measure) if interval else "–" for interval in row]
        lines.append(f"| {subset_words(subset)} | {' | '.join(words)} |")
    return lines
