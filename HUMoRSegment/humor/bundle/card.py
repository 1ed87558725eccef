"""The model card (``README.md`` of a bundle), made from ``bundle.json`` and never by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..regions import REGIONS
from ..sequences import DISPLAY_NAMES, display, subset_name, subsets
from .manifest import MANIFEST, Manifest
from .rules import NORMALISATION_TEXT

_LIMITS = """\
For research. Not a medical device: not cleared for diagnosis or treatment decisions, and every result \
needs to be looked at by someone who can judge it.

- Made for adults' glioma before surgery. Other lesions, children and scans after surgery were not measured \
unless a table above says so.
- Expects brains without skull; whole heads run, with a warning and less certain results.
- Every sequence that is missing costs accuracy: the tables say how much. Without T1c, enhancing tumour and \
tumour core are guesses from indirect signs.
- Small or no enhancing tumour is where Dice is lowest.
- Scanners, protocols and populations other than those of the training data may do worse.
"""


def make_card(manifest: Manifest) -> str:
    """The card as Markdown, the same for the same metadata."""
    sections = [
        _head(manifest),
        ("Input and output", _input_output(manifest)),
        ("Architecture", _bullets(manifest.architecture)),
        ("Validation", _validation(manifest)),
        ("Intended use and limits", _LIMITS),
        ("How it was made", _bullets(manifest.training) or "Not recorded.\n"),
        ("Licence and citations", _licence(manifest)),
        ("Files", _files(manifest)),
    ]
    texts = [part if isinstance(part, str) else f"## {part[0]}\n\n{part[1]}" for part in sections]
    return "\n".join(texts)


def _head(manifest: Manifest) -> str:
    regions = ", ".join(region.name.lower() for region in REGIONS if region.key in manifest.regions)
    created = f", created {_line(manifest.created)}" if manifest.created else ""
    return (
        f"# {manifest.title}\n\n"
        f"`{manifest.name}`, version {manifest.version}, {manifest.kind}{created}.\n\n"
        f"Segments {regions} of brain tumours from any subset of {_listed(manifest.sequences)}.\n\n"
        f"    humor segment STUDY_FOLDER --model {manifest.name} --output OUT\n"
    )


def _listed(sequences: Sequence[str]) -> str:
    names = [DISPLAY_NAMES[name] for name in sequences]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _input_output(manifest: Manifest) -> str:
    thresholds = ", ".join(f"{region} {limit:g}" for region, limit in manifest.thresholds.items())
    window = "×".join(str(edge) for edge in manifest.window)
    lines = [
        f"- Input: {_listed(manifest.sequences)}; any may be missing, at least one is there.",
        f"- Voxels: {manifest.spacing_mm:g} mm, isotropic; the engine resamples and goes back.",
        f"- Intensities: {NORMALISATION_TEXT}.",
        f"- Trained on windows of {window} voxels.",
        f"- Output: probabilities of {', '.join(manifest.regions)} (nested); thresholds {thresholds}.",
        f"- Connected pieces below {manifest.min_component_ml:g} ml are removed.",
    ]
    return "\n".join(lines) + "\n"


def _validation(manifest: Manifest) -> str:
    if not manifest.validation:
        return "Not measured.\n"
    tables = [_table(name, rows, manifest.regions) for name, rows in manifest.validation.items()]
    return "Mean Dice over patients, by the sequences that were given.\n\n" + "\n".join(tables)


def _table(name: str, rows: Mapping[str, Mapping[str, float | None]], regions: Sequence[str]) -> str:
    head = f"| {_line(name)} | {' | '.join(regions)} |\n|---|{'---|' * len(regions)}\n"
    lines = [
        f"| {display(subset)} | {_scores(rows[subset_name(subset)], regions)} |"
        for subset in subsets()
        if subset_name(subset) in rows
    ]
    if len(lines) > 1:
        means = {region: _mean([scores.get(region) for scores in rows.values()]) for region in regions}
        lines.append(f"| **mean of {len(lines)}** | {_scores(means, regions)} |")
    return head + "\n".join(lines) + "\n"


def _scores(scores: Mapping[str, float | None], regions: Sequence[str]) -> str:
    return " | ".join("–" if scores.get(region) is None else f"{scores[region]:.3f}" for region in regions)


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def _licence(manifest: Manifest) -> str:
    return f"Weights: {manifest.licence}.\n\n" + "".join(f"- {_line(text)}\n" for text in manifest.citations)


def _files(manifest: Manifest) -> str:
    rows = "".join(f"| `{name}` | `{sha256}` |\n" for name, sha256 in sorted(manifest.files.items()))
    return (
        f"| file | SHA-256 |\n|---|---|\n{rows}\n"
        f"Generated from `{MANIFEST}`. `humor models verify {manifest.name}` checks the files.\n"
    )


def _bullets(entries: Mapping[str, Any], indent: str = "") -> str:
    """A table of free entries as a list; what is nested in it lies as much deeper."""
    return "".join(_bullet(_words(key), value, indent) for key, value in entries.items())


def _bullet(key: str, value: Any, indent: str) -> str:
    deeper = indent + "    "
    if isinstance(value, (list, tuple)):
        if any(isinstance(each, Mapping) for each in value):
            value = {f"{number}": each for number, each in enumerate(value, 1)}
        elif any(isinstance(each, str) for each in value):
            return f"{indent}- {key}:\n" + "".join(f"{deeper}- {_inline(each)}\n" for each in value)
    if isinstance(value, Mapping) and value:
        return f"{indent}- {key}:\n{_bullets(value, deeper)}"
    return f"{indent}- {key}: {_inline(value)}\n"


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {_inline(each)}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_inline(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _line(f"{value:g}" if isinstance(value, float) else f"{value}")


def _words(key: str) -> str:
    return _line(key.replace("_", " "))


def _line(text: str) -> str:
    """One line, without control characters."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())
