"""What a worker does, wherever it runs: make the segmenter once, then one study after the other."""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BundleError, Cancelled, HumorError, InputError, UsageError, UserFileError, in_words
from ..events import Reporter
from ..memory.shortage import require_memory
from .messages import Ended, Failure, Job
from .settings import Settings

if TYPE_CHECKING:
    from ..inference.segmenter import Segmenter

_FINAL = (InputError, UsageError, BundleError, UserFileError)


def make_segmenter(settings: Settings) -> Segmenter:
    """Load the batch's model.

    Raises:
        HumorError: it is not here (on another computer), is another one, or does not run here.
    """
    require_memory()
    from ..bundle.find import find_bundle
    from ..bundle.load import load_bundle
    from ..inference.segmenter import Segmenter

    folder = settings.folder if os.path.isdir(settings.folder) else find_bundle(settings.model)
    bundle = load_bundle(folder)
    if bundle.sha256 != settings.sha256:
        raise BundleError(
            f"{bundle.folder}: this is not the model {settings.model} that the batch began with. "
            "Install the same model on every computer, and do not replace it while a batch runs."
        )
    options = settings.options
    return Segmenter(bundle, options.device, options.precision, options.window, options.mirror)


def attempt(job: Job, settings: Settings, segmenter: Segmenter, reporter: Reporter) -> Ended:
    """Segment one study; whatever goes wrong becomes part of the answer.

    Raises:
        Cancelled, KeyboardInterrupt: the batch is to stop; nothing half written is left.
    """
    from ..pipeline import segment_files

    files = {sequence: Path(file) for sequence, file in job.files.items()}
    options = replace(settings.options, model=str(settings.folder))
    try:
        segment_files(files, Path(job.output), options, reporter, segmenter)
    except Cancelled:
        raise
    except Exception as error:
        return Ended(job.study, failure_of(error))
    return Ended(job.study)


def failure_of(error: Exception) -> Failure:
    """Any exception as a failure that can be told and written down."""
    known = error if isinstance(error, HumorError) else in_words(error)
    if known is not None:
        return Failure(type(known).__name__, str(known), not isinstance(known, _FINAL))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    message = f"Unexpected failure ({what}). This should not happen: please report it."
    details = "".join(traceback.format_exception(error))
    return Failure(type(error).__name__, message, True, details)


def broken(ended: Ended) -> bool:
    """Whether the worker should not be used any more: nobody knows its state after such a failure."""
    return ended.failure is not None and bool(ended.failure.details)
