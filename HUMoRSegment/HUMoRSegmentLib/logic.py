"""Everything that the module does, callable without a window.

In Slicer's Python console::

    from HUMoRSegment import HUMoRSegmentLogic
    logic = HUMoRSegmentLogic()
    sequences = logic.guess().nodes                 # or {"t1c": node, "flair": node}
    result = logic.segment(sequences)
    print(result.volumes_ml, result.warnings)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from humor.bundle.archive import export_bundle, import_bundle
from humor.bundle.bundle import Bundle, load_bundle
from humor.bundle.store import Installed, find_bundle, installed_bundles, remove_bundle, user_folder
from humor.errors import Cancelled, HumorError, InputError, UsageError
from humor.sequences import DISPLAY_NAMES, SEQUENCES

from . import adapter
from .inputs.guess import Guess, guess_sequences
from .inputs.preflight import ERROR, Check, preflight
from .inputs.quality import Quality, expected_quality
from .inputs.volume_files import write_volumes
from .options import Options
from .parameters import HUMoRSegmentParameterNode
from .result import SceneResult, show_result
from .run import installation
from .run.task import Run, Task
from .run.temporary_files import make_folder
from .scene.tables import make_influence_table
from .scene.thresholds import apply_thresholds

Sequences = Mapping[str, Any]
"""Sequence (``t1``, ``t1c``, ``t2``, ``flair``) → scalar volume node; None for what is missing."""


class HUMoRSegmentLogic(ScriptedLoadableModuleLogic):
    """The module's logic: guess, check, segment, move thresholds, explain, manage models."""

    def getParameterNode(self) -> HUMoRSegmentParameterNode:  # Slicer's name
        """The choices of the panel, kept in the scene."""
        return HUMoRSegmentParameterNode(super().getParameterNode())  # type: ignore[call-arg]

    # Before a run

    def guess(self) -> Guess:
        """Which volumes of the scene are which sequences, with reasons. Changes nothing."""
        return guess_sequences(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))

    def preflight(self, sequences: Sequences, reference: str = "") -> list[Check]:
        """What is to be known about the chosen volumes before a run, the worst first for each sequence."""
        return preflight(_given(sequences), reference=reference)

    def expected_quality(self, model: str | None, names: list[str]) -> Quality:
        """Dice that the model reached with this subset of sequences, from its own measured table.

        Raises:
            BundleError: there is no such model.
        """
        return expected_quality(self.bundle(model).manifest, names)

    def missing_packages(self, model: str | None = None, device: str = "auto") -> list[str]:
        """Python packages that a run needs and that are not installed yet."""
        return installation.missing(installation.needs_torch(self.bundle(model), device))

    def install(self, model: str | None = None, device: str = "auto") -> None:
        """Install what is missing. Ask the user before.

        Raises:
            HumorError: it could not be installed; says how to do it by hand.
        """
        installation.install(installation.missing(installation.needs_torch(self.bundle(model), device)))

    # Runs

    def start(self, sequences: Sequences, options: Options | None = None, target: Any | None = None) -> Run:
        """Start segmenting in a child process and return at once.

        Args:
            sequences: at least one volume.
            options: what can be chosen.
            target: segmentation node of an earlier result, for a second run.

        Raises:
            HumorError: the volumes cannot be segmented; nothing was started.
        """
        given, options = _given(sequences), options or Options()
        _refuse(preflight(given, reference=options.reference or ""))

        def show(task: Task) -> SceneResult:
            return show_result(task.output, given, options, _in_scene(target))

        return _started("segment", given, options, show)

    def segment(
        self,
        sequences: Sequences,
        options: Options | None = None,
        target: Any | None = None,
        on_poll: Callable[[Run], None] | None = None,
    ) -> SceneResult:
        """Segment and wait, with Slicer's window alive.

        Args:
            sequences: at least one volume.
            options: what can be chosen.
            target: segmentation node of an earlier result, for a second run.
            on_poll: called again and again with the run (``run.task.fraction``, ``run.cancel()``).

        Raises:
            HumorError: the volumes cannot be segmented, or the run failed.
            Cancelled: it was cancelled.
        """
        return _waited(self.start(sequences, options, target), on_poll)

    def start_influence(self, sequences: Sequences, segmentation: Any, options: Options | None = None) -> Run:
        """Start the runs that leave one sequence out at a time; the result is a table node.

        Args:
            sequences: at least two volumes.
            segmentation: the result that the table is kept with.
            options: model, device, reference and registration are used.

        Raises:
            HumorError: as in ``start``.
        """
        given = _given(sequences)
        if len(given) < 2:
            raise UsageError(_("To see what each sequence did, at least two sequences are needed."))

        def show(task: Task) -> Any:
            if _in_scene(segmentation) is None:
                raise HumorError(
                    _("The segmentation was removed meanwhile, so there is nothing to keep the table with.")
                )
            return make_influence_table(segmentation, task.output)

        return _started("influence", given, options or Options(), show)

    def influence(
        self,
        sequences: Sequences,
        segmentation: Any,
        options: Options | None = None,
        on_poll: Callable[[Run], None] | None = None,
    ) -> Any:
        """What each sequence did, as a table node: see ``start_influence``; waits."""
        return _waited(self.start_influence(sequences, segmentation, options), on_poll)

    # After a run

    def result(self, segmentation: Any) -> SceneResult:
        """What belongs to a segmentation node, also in a scene that was saved and loaded again."""
        return SceneResult.of(segmentation)

    def set_thresholds(self, segmentation: Any, thresholds: Mapping[str, float]) -> dict[str, float]:
        """Cut the kept probabilities at other thresholds.

        Returns:
            Volumes in ml by region.

        Raises:
            HumorError: no probabilities were kept.
        """
        return apply_thresholds(segmentation, thresholds)

    # Models

    def models(self) -> list[Installed]:
        """All models that are installed, usable or not."""
        return installed_bundles()

    def bundle(self, model: str | None = None) -> Bundle:
        """A model by name or folder; the default one without a name.

        Raises:
            BundleError: there is no such model, or it is damaged.
        """
        return load_bundle(find_bundle(model or None))

    def import_model(self, path: str | Path, replace: bool = False) -> str:
        """Install a model from a zip and return its name.

        Raises:
            BundleError: the zip holds no model, is damaged, or one of its name is there.
        """
        return import_bundle(Path(path), replace).name

    def export_model(self, model: str, path: str | Path, replace: bool = False) -> None:
        """Write a model as one zip, for machines without a network.

        Raises:
            HumorError: no such model, or the file cannot be written.
        """
        export_bundle(self.bundle(model), Path(path), replace)

    def remove_model(self, name: str) -> Path:
        """Delete an imported model.

        Raises:
            BundleError: it came with HUMoR, is not there, or cannot be deleted.
        """
        return remove_bundle(name)

    def models_folder(self) -> Path:
        """Where imported models lie; it need not exist."""
        return user_folder()


def _given(sequences: Sequences) -> dict[str, Any]:
    """The volumes that were chosen, in sequence order."""
    if unknown := sorted(set(sequences) - set(SEQUENCES)):
        raise UsageError(
            _("{names}: not a sequence. The sequences are {sequences}.").format(
                names=", ".join(unknown), sequences=", ".join(SEQUENCES)
            )
        )
    given = {name: sequences[name] for name in SEQUENCES if sequences.get(name) is not None}
    if not given:
        raise UsageError(_("No volume was chosen: choose at least one of T1, T1c, T2 and FLAIR."))
    return given


def _refuse(checks: list[Check]) -> None:
    """Stop before anything is started where a volume cannot be segmented."""
    errors = [
        f"{DISPLAY_NAMES[check.sequence]}: {check.sentence}" for check in checks if check.level == ERROR
    ]
    if errors:
        raise InputError(" ".join(errors))


def _started(command: str, given: Mapping[str, Any], options: Options, show: Callable[[Task], Any]) -> Run:
    """Write the volumes for the child process and start it; nothing is left behind if that fails."""
    folder = make_folder()
    try:
        files = write_volumes(given, folder)
        named = [word for name, path in files.items() for word in (f"--{name}", str(path))]
        task = Task([command, *named, *options.arguments(command), "--json"], folder)
        task.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Run(task, show)


def _waited(run: Run, on_poll: Callable[[Run], None] | None) -> Any:
    def breathe() -> None:
        adapter.breathe()
        if on_poll is not None:
            on_poll(run)

    try:
        run.task.wait(breathe)
        result = run.finish()
    finally:
        run.close()
    if result is None:
        raise Cancelled(_("Cancelled: the scene is as it was."))
    return result


def _in_scene(node: Any | None) -> Any | None:
    """The node, unless it was removed from the scene while the run went on."""
    return node if node is not None and slicer.mrmlScene.IsNodePresent(node) else None
