"""What differs between versions of Slicer, or is missing outside its application. Nothing else knows.

Slicer 5.10 has no ``slicer.packaging``, and its ``launchConsoleProcess`` gives one stream only; both
versions start ``PythonSlicer`` in the application's own environment, as is done here.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.errors import HumorError

MODULE_FOLDER = Path(__file__).resolve().parents[1]
"""The folder of ``humor`` and of this package."""
REQUESTER = "HUMoR"


def python_executable() -> str:
    """The Python in which the engine runs: Slicer's, or this one outside Slicer.

    Raises:
        HumorError: this is Slicer, and its Python is not where it should be.
    """
    if found := shutil.which("PythonSlicer"):  # Slicer puts its folder on the PATH
        return found
    if Path(sys.executable or "").stem.lower().startswith("python"):
        return sys.executable
    raise HumorError(_("PythonSlicer, which comes with Slicer, cannot be found. Reinstall Slicer."))


def child_environment() -> dict[str, str]:
    """The environment of a child process: Slicer's own, so that its libraries are found, and the engine."""
    paths = [str(MODULE_FOLDER), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONSAFEPATH": "1",  # no module of the user's current folder in place of ours
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def breathe() -> None:
    """Let the window react to the user."""
    slicer.app.processEvents()


def install_torch(version: str) -> None:
    """Install torch through the PyTorch extension, in the build that fits this computer's GPU.

    The user has been asked before: see ``installation.question``.

    Args:
        version: e.g. ``>=2.4``; empty for any.

    Raises:
        HumorError: the PyTorch extension is not installed.
        Exception: whatever the extension raises when the installation fails.
    """
    try:
        import PyTorchUtils
    except ImportError as error:
        raise HumorError(
            _(
                "This model or device needs PyTorch, and Slicer's PyTorch extension is not installed. "
                'Install "PyTorch" in the Extensions Manager and restart Slicer, or use the student '
                "on the CPU."
            )
        ) from error
    PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=False, torchVersionRequirement=version)


def pip_install(requirements: Sequence[str], keep: Sequence[str] = ()) -> None:
    """Install packages into Slicer's Python.

    Args:
        requirements: as pip takes them, e.g. ``nibabel>=5.2``.
        keep: packages that are installed and stay exactly as they are, whatever the others would like.

    Raises:
        Exception: whatever Slicer raises when the installation fails.
    """
    try:
        from slicer import packaging
    except ImportError:
        pinned = [f"{name}=={metadata.version(name)}" for name in keep]
        slicer.util.pip_install([*requirements, *pinned])
        return
    packaging.pip_ensure(
        list(requirements),
        skip_packages=list(keep) or None,
        prompt_install=False,  # the user has been asked before: see ``installation.question``
        prompt_restart=False,  # only child processes use them, and those start afresh
        requester=REQUESTER,
        show_progress=slicer.util.mainWindow() is not None,
    )


def leave(code: int) -> None:
    """End Slicer with an exit code; outside the application, end Python."""
    app: Any = slicer.app
    if hasattr(app, "exit") and hasattr(app, "commandOptions"):
        slicer.util.exit(code)
    else:
        sys.exit(code)
