"""From the files of a study to an output folder: the one way that every front end takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import Cancelled
from .events import Reporter
from .inference.segmentation import all_warnings
from .interruption import check
from .options import SegmentOptions
from .output.folder import OutputFolder
from .output.names import REPORT_PAGE
from .output.results import Results
from .routing import Routing
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

# Stage → its usual share of the whole time, for the progress bar.
STAGES: dict[str, float] = {"load": 0.15, "prepare": 0.10, "segment": 0.40, "write": 0.05, "report": 0.30}


@dataclass(frozen=True)
class Outcome:
    """What a run left on disk.

    Attributes:
        segmentation: the result in memory.
        folder: the output folder, absolute.
        files: names of the results in it.
        seconds: stage → seconds; ``to_label_map`` is from the start until the label map was on disk,
            ``total`` until everything was.
        warnings: for the user.
    """

    segmentation: Segmentation
    folder: Path
    files: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[RunWarning] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """The result as plain JSON-serialisable facts."""
        page = self.folder / REPORT_PAGE if REPORT_PAGE in self.files else None
        return {
            "output": str(self.folder),
            "files": self.files,
            "report": None if page is None else page.as_uri(),
            "volumes_ml": {key: round(ml, 3) for key, ml in self.segmentation.volumes_ml().items()},
            "model": dict(self.segmentation.model),
            "device": self.segmentation.device,
            "fallbacks": [str(warning) for warning in self.segmentation.fallbacks],
            "warnings": [str(warning) for warning in self.warnings],
            "warning_records": [to_json(each) for each in (*self.warnings, *self.segmentation.fallbacks)],
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
        }


def segment_files(
    files: Mapping[str, Path],
    output: Path,
    options: SegmentOptions | None = None,
    reporter: Reporter | None = None,
    segmenter: Segmenter | None = None,
    elapsed: float = 0.0,
) -> Outcome:
    """Segment one study.

    The label map is published as soon as it is there; segments, routing and reports follow. Files of
    the user's that have a result's name stop the run before it begins (see ``OutputFolder``).

    Args:
        files: sequence → its file.
        output: the output folder; made if need be.
        options: what can be chosen.
        reporter: gets the events; made with ``STAGES`` as shares for a progress bar that fits.
        segmenter: one that is ready, for many studies; otherwise made from the options, in a
            thread while the images are read.
        elapsed: seconds that this process had already spent on this run (its start).

    Raises:
        HumorError: see ``errors``.
        KeyboardInterrupt: with a sentence about what is left, as ``Cancelled`` has.
    """
    options, reporter = options or SegmentOptions(), reporter or Reporter()
    watch = _Stopwatch(reporter, elapsed)
    out = OutputFolder(output, inputs=files.values())
    try:
        with out:
            model = _Making(options) if segmenter is None else _Ready(segmenter)
            segmentation, sources = _segmented(files, options, watch, model)
            results = Results(out, segmentation, options)
            with watch.stage("write", "Writing the label map"):
                results.publish_label_map()
            watch.seconds["to_label_map"] = watch.total()
            warnings = _report_warnings(segmentation, reporter)
            segmentation.seconds.update(watch.seconds)
            with watch.stage("report", "Writing segments and reports"):
                results.write_rest(sources)
                out.publish()
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(_what_is_left(out)) from error
    except Cancelled as error:
        raise Cancelled(_what_is_left(out)) from error
    watch.seconds["total"] = watch.total()
    seconds = segmentation.seconds | watch.seconds
    outcome = Outcome(segmentation, Path(output).absolute(), sorted(out.names), seconds, warnings)
    reporter.result("Done", **outcome.facts())
    return outcome


def segment_in_memory(
    files: Mapping[str, Path],
    options: SegmentOptions | None = None,
    reporter: Reporter | None = None,
    segmenter: Segmenter | None = None,
) -> Segmentation:
    """Segment one study and write nothing; arguments and errors as in ``segment_files``."""
    options, reporter = options or SegmentOptions(), reporter or Reporter()
    watch = _Stopwatch(reporter, 0.0)
    model = _Making(options) if segmenter is None else _Ready(segmenter)
    segmentation, _ = _segmented(files, options, watch, model)
    _report_warnings(segmentation, reporter)
    segmentation.seconds.update(watch.seconds)
    return segmentation


def _segmented(
    files: Mapping[str, Path], options: SegmentOptions, watch: _Stopwatch, model: _Making | _Ready
) -> tuple[Segmentation, dict[str, Sources]]:
    case, sources = _case(files, options, watch, model.spacing_mm)
    with watch.stage("model", "Waiting for the model"):
        segmenter = model.segmenter()
    with watch.stage("segment", "Segmenting"):
        segmentation = segmenter.run(case, watch.reporter)
    return (segmentation if options.routing else replace(segmentation, routing=Routing())), sources


def _case(
    files: Mapping[str, Path], options: SegmentOptions, watch: _Stopwatch, spacing_mm: float
) -> tuple[Case, dict[str, Sources]]:
    """Read and prepare; the images as they were read are let go of before the network needs memory."""
    with watch.stage("load", "Reading the images"):
        study = load_study(files, options.channels)
    with watch.stage("prepare", "Finding the brain"):
        case = build_case(study, options.reference, spacing_mm, register=options.register)
        for warning in case.warnings:
            watch.reporter.warning(warning)
    return case, study.sources()


def _report_warnings(segmentation: Segmentation, reporter: Reporter) -> list[RunWarning]:
    """All warnings of the run; those that were not reported yet are reported."""
    warnings = all_warnings(segmentation)
    for warning in warnings:
        if warning not in segmentation.case.warnings:
            reporter.warning(warning)
    return warnings


def _what_is_left(out: OutputFolder) -> str:
    if out.names:
        return f"Cancelled: the label map in {out.path} is complete, reports were not written."
    return "Cancelled: nothing was kept of this run."


class _Ready:
    """A segmenter that was made before."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.spacing_mm = segmenter.model.spacing_mm
        self._segmenter = segmenter

    def segmenter(self) -> Segmenter:
        """That one."""
        return self._segmenter


class _Making:
    """A segmenter in the making: the bundle is read at once, the network is loaded in a thread.

    Loading and compiling let go of Python's lock, and so does unpacking the images meanwhile. The
    thread is a daemon: when the images turn out to be unusable, nobody waits for it.
    """

    def __init__(self, options: SegmentOptions) -> None:
        self._bundle = model_of(options)
        self.spacing_mm = self._bundle.spacing_mm
        self._made: Segmenter | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._make, args=(options,), daemon=True)
        self._thread.start()

    def segmenter(self) -> Segmenter:
        """Wait for it.

        Raises:
            HumorError: what went wrong in the thread.
        """
        while self._thread.is_alive():
            check()
            self._thread.join(0.2)  # with an end, because on Windows Ctrl-C does not reach an endless wait
        if self._failure is not None:
            raise self._failure
        assert self._made is not None
        return self._made

    def _make(self, options: SegmentOptions) -> None:
        try:
            self._made = make_segmenter(self._bundle, options)
        except BaseException as error:
            self._failure = error


def model_of(options: SegmentOptions) -> Bundle:
    """The model that the options name.

    Raises:
        BundleError: there is none of this name, or it is damaged.
    """
    from .bundle.bundle import load_bundle
    from .bundle.store import find_bundle

    return load_bundle(find_bundle(options.model))


def make_segmenter(model: Bundle | Model, options: SegmentOptions) -> Segmenter:
    """Load a model as the options want it.

    Raises:
        HumorError: it does not run here.
    """
    from .inference.segmenter import Segmenter

    return Segmenter(model, **options.of_segmenter())


class _Stopwatch:
    """Reports stages and keeps how long each took."""

    def __init__(self, reporter: Reporter, elapsed: float) -> None:
        self.reporter = reporter
        self.seconds: dict[str, float] = {"start": elapsed} if elapsed else {}
        self._begin = time.perf_counter() - elapsed

    def total(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._begin

    @contextmanager
    def stage(self, name: str, message: str) -> Iterator[None]:
        """Time a stage."""
        self.reporter.stage(name, message)
        begin = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begin
