"""How well a model did with a subset of sequences, from the table in its own bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from humor.bundle.manifest import Manifest
from humor.sequences import DISPLAY_NAMES, SEQUENCES, display, subset_name

UNRELIABLE_BELOW = 0.5
"""Mean Dice: below, less than half of the region and its finding agree."""
SMALLEST_GAIN = 0.01
"""Of the mean Dice over the regions; with less, a further sequence is not worth naming."""

Scores = Mapping[str, "float | None"]
Table = Mapping[str, Scores]


@dataclass(frozen=True)
class Quality:
    """What can be expected of a subset of sequences.

    Attributes:
        dice: region → mean Dice, 0 to 1; None where it was not measured.
        data_set: the data set of the table; empty if there is no row for the subset.
        sentence: the same for people, and which missing sequence would help most.
    """

    dice: dict[str, float | None]
    data_set: str
    sentence: str


def expected_quality(manifest: Manifest, names: Iterable[str]) -> Quality:
    """Dice that the model reached with these sequences.

    Args:
        manifest: of the model's bundle.
        names: the sequences that there are; empty is allowed.

    Raises:
        ValueError: a name is not a sequence.
    """
    given = [name for name in SEQUENCES if name in (wanted := set(names))]
    unmeasured: dict[str, float | None] = dict.fromkeys(manifest.regions)
    if not wanted:
        return Quality(unmeasured, "", _("No sequence is chosen."))
    subset = subset_name(wanted)
    data_set = _data_set(manifest, subset)
    if not data_set:
        text = _("How well the model does with {subset} was not measured.").format(subset=display(given))
        return Quality(unmeasured, "", text)
    table = manifest.validation[data_set]
    dice = {region: table[subset].get(region) for region in manifest.regions}
    scores = ", ".join(_score(region, score) for region, score in dice.items())
    sentence = _("Expected Dice with {sequences}: {scores}.").format(sequences=display(given), scores=scores)
    helpful = _most_helpful(table, given, manifest.regions)
    return Quality(dice, data_set, " ".join(filter(None, (sentence, helpful))))


def _data_set(manifest: Manifest, subset: str) -> str:
    """The data set that says most, i.e. has most subsets, of those that have this one."""
    fitting = [name for name, table in manifest.validation.items() if subset in table]
    return max(fitting, key=lambda name: len(manifest.validation[name]), default="")


def _score(region: str, score: float | None) -> str:
    if score is None:
        return _("{region} not measured").format(region=region)
    if score < UNRELIABLE_BELOW:
        return _("{region} unreliable ({dice})").format(region=region, dice=_hundredths(score))
    return f"{region} {_hundredths(score)}"


def _hundredths(score: float) -> str:
    """Two digits, never rounded up to what it did not reach: 0.499 stays below 0.5."""
    return f"{int(score * 100 + 1e-9) / 100:.2f}"


def _most_helpful(table: Table, given: Sequence[str], regions: Sequence[str]) -> str:
    """Which one further sequence raises the mean Dice most, as a sentence; empty if none does."""
    now = table[subset_name(given)]
    best, best_gain, best_scores = "", SMALLEST_GAIN, now
    for name in SEQUENCES:
        scores = table.get(subset_name([*given, name]))
        if name in given or scores is None:
            continue
        gains = _gains(now, scores, regions)
        gain = sum(gains.values()) / len(gains) if gains else 0.0
        if gain > best_gain:
            best, best_gain, best_scores = name, gain, scores
    if not best:
        return ""
    gains = _gains(now, best_scores, regions)
    region = max(gains, key=lambda key: gains[key])
    return _("{sequence} would help most: {region} {after} instead of {before}.").format(
        sequence=DISPLAY_NAMES[best],
        region=region,
        after=_hundredths(best_scores[region] or 0.0),
        before=_hundredths(now[region] or 0.0),
    )


def _gains(now: Scores, then: Scores, regions: Sequence[str]) -> dict[str, float]:
    """Region → gain in Dice, of the regions that were measured both times."""
    gains = {}
    for region in regions:
        before, after = now.get(region), then.get(region)
        if before is not None and after is not None:
            gains[region] = after - before
    return gains
