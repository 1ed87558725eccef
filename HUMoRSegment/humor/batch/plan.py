"""What is to be done for each study of a batch, decided before anything is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import InputError
from .batch_folder import BatchFolder
from .messages import Failure, Settings
from .state import Report, RunStamp
from .studies import BatchStudy

DO, SKIP, CANNOT = "do", "skip", "cannot"


@dataclass(frozen=True)
class PlannedStudy:
    """One study's part of the plan.

    Attributes:
        study: the study.
        action: ``do``, ``skip`` (done before) or ``cannot`` (a problem is known already).
        reason: in words.
        wanted: what would be done; None where that cannot be said.
        report: of the result that is there, where it is skipped.
        failure: where it cannot be done.
    """

    study: BatchStudy
    action: str
    reason: str
    wanted: RunStamp | None = None
    report: Report | None = None
    failure: Failure | None = None


def plan(
    studies: Sequence[BatchStudy], folder: BatchFolder, settings: Settings, redo: bool = False
) -> Iterator[PlannedStudy]:
    """The plan, study by study; writes nothing.

    Args:
        studies: all of the batch.
        folder: of the results; need not exist.
        settings: the batch's.
        redo: do again what is done.
    """
    for study in studies:
        if study.problem:
            failure = Failure(study.problem_type, study.problem)
            yield PlannedStudy(study, CANNOT, study.problem, failure=failure)
            continue
        try:
            wanted = stamp_for(study, settings)
        except InputError as error:
            failure = Failure(InputError.__name__, str(error))
            yield PlannedStudy(study, CANNOT, str(error), failure=failure)
            continue
        verdict = folder.judge(study.id, wanted)
        if verdict.report is not None and not redo:
            yield PlannedStudy(study, SKIP, verdict.reason, wanted, verdict.report)
        else:
            yield PlannedStudy(study, DO, "to be done again" if verdict.report else verdict.reason, wanted)


def stamp_for(study: BatchStudy, settings: Settings, replaces: str | None = None) -> RunStamp:
    """What a study would be done with, as its files are now.

    Raises:
        InputError: a file is not there.
    """
    from .state import stats_of

    return RunStamp(stats_of(study.files), settings.sha256, settings.options_hash, replaces)
