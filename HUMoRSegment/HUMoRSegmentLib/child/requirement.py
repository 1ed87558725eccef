"""The packages that the engine needs, as ``Resources/requirements.txt`` lists them."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from humor.errors import HumorError

from ..adapter import MODULE_FOLDER

REQUIREMENTS = MODULE_FOLDER / "Resources" / "requirements.txt"
BROUGHT_BY_SLICER = ("numpy", "scipy", "SimpleITK")
"""Never replaced: Slicer is built with its own, new enough ones, whatever version they name."""


def read_requirements(path: Path | None = None) -> list[Any]:
    """The requirements that apply to this system.

    Args:
        path: default: the module's own file.

    Returns:
        ``packaging.requirements.Requirement`` each.

    Raises:
        HumorError: the file is missing or damaged.
    """
    try:
        from packaging import requirements as parser
    except ImportError:  # pip, which Slicer has, brings the same along
        from pip._vendor.packaging import requirements as parser  # type: ignore[no-redef]

    path = path or REQUIREMENTS
    try:
        lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
        found = [parser.Requirement(line) for line in lines if line and not line.startswith("-")]
    except (OSError, ValueError) as error:
        raise HumorError(
            _("{file} cannot be read ({reason}). Install the HUMoR extension again.").format(
                file=path, reason=error
            )
        ) from error
    return [entry for entry in found if entry.marker is None or entry.marker.evaluate()]


def is_installed(requirement: Any) -> bool:
    """Whether the package is there in a version that will do; imports nothing."""
    if requirement.name in BROUGHT_BY_SLICER and importlib.util.find_spec(requirement.name) is not None:
        return True
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return bool(requirement.specifier.contains(version, prereleases=True))
