"""What each sequence did: the study with all of its sequences, and again without each of them.

The images are read, aligned, cropped and normalised once. Leaving a sequence out of the finished case
sets its channel to zeros and its flag to False, which is all that a missing sequence is to a network.
Everything else stays the same in all runs: the brain mask and the crop (found with all sequences), the
values of the other sequences, the model, and the grid on which regions are counted, even if it is the
reference sequence that is left out. So whatever changes, that sequence's values alone have changed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import Cancelled, UsageError
from .events import Reporter
from .inference.segmentation import all_warnings
from .options import SegmentOptions
from .output.folder import OutputFolder
from .output.names import SEQUENCE_INFLUENCE
from .output.report_json import input_facts, now, versions
from .output.results import INFLUENCE_SCHEMA, write_influence
from .pipeline import STAGES, make_segmenter, model_of
from .regions import REGION_KEYS
from .sequences import DISPLAY_NAMES, SEQUENCES, availability, display
from .study.case_building import build_case
from .study.study import load_study
from .warnings import RunWarning, to_json

if TYPE_CHECKING:
    from .bundle.bundle import Bundle
    from .inference.model import Model
    from .inference.segmentation import Segmentation
    from .inference.segmenter import Segmenter
    from .study.case import Case
    from .study.volume import Sources

_NOTHING_KEPT = "Cancelled: nothing was kept of this run."


@dataclass(frozen=True)
class Effect:
    """What leaving one sequence out did to one region.

    Attributes:
        left_out: the sequence.
        region: ``WT``, ``TC`` or ``ET``.
        all_ml: the region's volume found with all sequences.
        without_ml: its volume found without this one.
        change_ml: ``without_ml - all_ml``: negative where the region shrinks without the sequence.
        dice: overlap of the two, 0 to 1; 1 where both are empty, since then nothing has changed.
    """

    left_out: str
    region: str
    all_ml: float
    without_ml: float
    change_ml: float
    dice: float


@dataclass(frozen=True)
class Influence:
    """The result of all runs.

    Attributes:
        folder: the output folder, absolute.
        effects: in sequence order, then WT, TC, ET.
        facts: what ``influence.json`` holds.
        files: names of the results in the folder.
    """

    folder: Path
    effects: list[Effect]
    facts: dict[str, Any]
    files: tuple[str, ...] = SEQUENCE_INFLUENCE.names


def shares(names: Iterable[str]) -> dict[str, float]:
    """Stage → its usual share of the whole time, for these sequences' progress bar."""
    runs = ["all", *(_stage(name) for name in names)]
    return {
        "load": STAGES["load"],
        "prepare": STAGES["prepare"],
        **dict.fromkeys(runs, STAGES["segment"]),
        "write": STAGES["write"],
    }


def influence_of_files(
    files: Mapping[str, Path],
    output: Path,
    options: SegmentOptions | None = None,
    reporter: Reporter | None = None,
    segmenter: Segmenter | None = None,
) -> Influence:
    """Run a study with all sequences and without each, and write what changed.

    Other files in the output folder, such as an earlier segmentation's, stay as they are.

    Args:
        files: sequence → its file; at least two.
        output: the output folder; made if need be.
        options: the choices about the run; those about files to write do not matter here.
        reporter: gets the events; made with ``shares`` for a progress bar that fits.
        segmenter: one that is ready; otherwise made from the options.

    Raises:
        UsageError: fewer than two sequences.
        HumorError: see ``errors``; nothing of this run is left then.
        KeyboardInterrupt: with that as its sentence.
    """
    options, reporter = options or SegmentOptions(), reporter or Reporter()
    names = _at_least_two(files)
    folder = Path(output).absolute()
    try:
        with OutputFolder(folder, SEQUENCE_INFLUENCE, files.values()) as out:
            case, sources, segmenter = _prepared(files, options, reporter, segmenter)
            effects, first, fallbacks = _all_runs(case, names, segmenter, reporter)
            facts = _facts(sources, effects, first, fallbacks, options)
            reporter.stage("write", "Writing the table")
            write_influence(out, facts)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(_NOTHING_KEPT) from error
    except Cancelled as error:
        raise Cancelled(_NOTHING_KEPT) from error
    found = Influence(folder, effects, facts)
    reporter.result("Done", output=str(folder), files=list(found.files), **facts)
    return found


def leave_out(case: Case, name: str) -> Case:
    """The case as if a sequence was missing; shares everything but the image with the given one."""
    flags = dict(zip(SEQUENCES, case.available, strict=True))
    image = case.image.copy()
    image[SEQUENCES.index(name)] = 0.0
    return replace(
        case, image=image, available=availability(key for key in SEQUENCES if flags[key] and key != name)
    )


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Overlap of two masks, 0 to 1; 1 where both are empty."""
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return 1.0 if total == 0 else 2.0 * np.count_nonzero(one & other) / total


def _at_least_two(files: Mapping[str, Path]) -> list[str]:
    names = [name for name in SEQUENCES if name in files]
    if len(names) < 2:
        given = f"only {display(names)} was given" if names else "none was given"
        raise UsageError(
            f"To see what each sequence did, runs without it are needed: give at least two "
            f"sequences ({given})."
        )
    return names


def _prepared(
    files: Mapping[str, Path], options: SegmentOptions, reporter: Reporter, segmenter: Segmenter | None
) -> tuple[Case, dict[str, Sources], Segmenter]:
    model: Bundle | Model = model_of(options) if segmenter is None else segmenter.model
    reporter.stage("load", "Reading the images")
    study = load_study(files, options.channels)
    reporter.stage("prepare", "Finding the brain")
    case = build_case(study, options.reference, model.spacing_mm, register=options.register)
    for warning in case.warnings:
        reporter.warning(warning)
    return case, study.sources(), segmenter or make_segmenter(model, options)


def _all_runs(
    case: Case, names: list[str], segmenter: Segmenter, reporter: Reporter
) -> tuple[list[Effect], Segmentation, list[RunWarning]]:
    """The effects, the run with all sequences, and what had to be given up in any of the runs."""
    reporter.stage("all", f"Segmenting with {display(names)}")
    first = segmenter.run(case, reporter)
    for warning in all_warnings(first):
        if warning not in case.warnings:
            reporter.warning(warning)
    effects: list[Effect] = []
    fallbacks = list(first.fallbacks)
    for number, name in enumerate(names, 1):
        reporter.stage(_stage(name), f"Segmenting without {DISPLAY_NAMES[name]} ({number} of {len(names)})")
        second = segmenter.run(leave_out(case, name), reporter)
        effects += _effects(name, first, second)
        fallbacks += [each for each in second.fallbacks if each not in fallbacks]
    return effects, first, fallbacks


def _effects(name: str, first: Segmentation, second: Segmentation) -> Iterator[Effect]:
    before, after = first.volumes_ml(), second.volumes_ml()
    for key, one, other in zip(REGION_KEYS, first.regions, second.regions, strict=True):
        yield Effect(name, key, before[key], after[key], after[key] - before[key], dice(one, other))


def _facts(
    sources: Mapping[str, Sources],
    effects: list[Effect],
    first: Segmentation,
    fallbacks: list[RunWarning],
    options: SegmentOptions,
) -> dict[str, Any]:
    names = [name for name, there in zip(SEQUENCES, first.case.available, strict=True) if there]
    warnings = all_warnings(first)
    return {
        "schema": INFLUENCE_SCHEMA,
        "created": now(),
        "sequences": {"used": names, "reference": first.case.reference},
        "inputs": input_facts(sources),
        "model": dict(first.model),
        "options": options.to_json(),
        "device": first.device,
        "fallbacks": [str(warning) for warning in fallbacks],
        "warnings": [str(warning) for warning in warnings],
        "warning_records": [to_json(warning) for warning in (*warnings, *fallbacks)],
        "versions": versions(),
        "effects": [asdict(effect) for effect in effects],
    }


def _stage(name: str) -> str:
    return f"without_{name}"
