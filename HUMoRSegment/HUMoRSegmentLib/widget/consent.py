"""Installing Python packages at the point of use, after one question."""

from __future__ import annotations

from slicer.i18n import tr as _

from humor.errors import HumorError

from ..child import installation
from ..logic import HUMoRSegmentLogic
from .dialogs import ask


def ensure_installed(logic: HUMoRSegmentLogic, model: str | None, device: str) -> None:
    """Make sure that the packages for a run are there; asks before installing.

    Raises:
        HumorError: the user said no, or it could not be installed.
    """
    missing = logic.missing_packages(model, device)
    if not missing:
        return
    if not ask(installation.question(missing)):
        text = _("Nothing was installed. HUMoR needs {packages}: press the button to be asked again.")
        raise HumorError(text.format(packages=", ".join(missing)))
    logic.install(model, device)
