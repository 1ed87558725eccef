"""Python packages that Slicer lacks: which ones a run needs, what to ask, and how they are installed."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from humor.bundle.bundle import Bundle
from humor.errors import HumorError

from .. import adapter

TORCH = "torch"
ONLY_WITH_TORCH = (TORCH, "monai")
"""Packages for models and devices that OpenVINO does not serve."""

# Megabytes to download, with what each brings along, on Linux in 2026; torch roughly, for a CPU and for CUDA.
_MEGABYTES = {"openvino": 60, "matplotlib": 25, "nibabel": 4, "monai": 2}
_MEGABYTES_OTHER = 1
_MEGABYTES_TORCH = (250, 3000)
REQUIREMENTS = adapter.MODULE_FOLDER / "Resources" / "requirements.txt"
BROUGHT_BY_SLICER = ("numpy", "scipy", "SimpleITK")
"""Never replaced: Slicer is built with its own, new enough ones, whatever version they name."""


def needs_torch(bundle: Bundle, device: str) -> bool:
    """Whether a run needs torch: on a GPU always, on the CPU where the model has no OpenVINO graph.

    ``auto`` takes the CPU where torch is not installed; where it is, perhaps for another extension,
    a GPU, and then the rest of what torch models need is needed too.

    Args:
        bundle: the model.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    """
    if not bundle.manifest.graph:
        return True
    if device == "auto":
        return importlib.util.find_spec(TORCH) is not None
    return device != "cpu"


def missing(with_torch: bool) -> list[str]:
    """Requirements that are not met yet, e.g. ``openvino>=2024.4``.

    Args:
        with_torch: whether the run needs torch.

    Raises:
        HumorError: the list of requirements is missing or damaged.
    """
    wanted = [entry for entry in read_requirements() if with_torch or entry.name not in ONLY_WITH_TORCH]
    return [f"{entry.name}{entry.specifier}" for entry in wanted if not is_installed(entry)]


def question(requirements: Sequence[str]) -> str:
    """What to ask the user before ``install``."""
    return explanation(requirements) + "\n\n" + _("Install them now?")


def explanation(requirements: Sequence[str]) -> str:
    """What would be installed: what, why, from where, how much, and that nothing is sent."""
    names = [_name(entry) for entry in requirements]
    size = sum(_MEGABYTES.get(name, _MEGABYTES_OTHER) for name in names if name != TORCH)
    parts = [
        _("To segment, HUMoR needs Python packages that this Slicer does not have yet: {names}.").format(
            names=", ".join(names)
        )
    ]
    if TORCH in names:
        parts.append(
            _(
                "Slicer's PyTorch extension downloads torch from pytorch.org: {small}, or up to {large} "
                "for an NVIDIA GPU."
            ).format(small=_shown(_MEGABYTES_TORCH[0]), large=_shown(_MEGABYTES_TORCH[1]))
        )
    if size:
        parts.append(
            _("About {size} is downloaded from Python's package index, pypi.org.").format(size=_shown(size))
        )
    parts.append(
        _(
            "This is done once, inside Slicer's own Python; slicer.util.pip_uninstall removes them again. "
            "Nothing is sent: images never leave this computer."
        )
    )
    return "\n\n".join(parts)


def install(requirements: Sequence[str]) -> None:
    """Install what ``missing`` named. Ask the user ``question`` before.

    Raises:
        HumorError: it failed; says how to do it by hand, also without a network.
    """
    torch = [entry for entry in requirements if _name(entry) == TORCH]
    rest = [entry for entry in requirements if _name(entry) != TORCH]
    try:
        for entry in torch:
            adapter.install_torch(entry[len(TORCH) :])
        if rest:
            keep = [TORCH] if any(_name(entry) in ONLY_WITH_TORCH for entry in rest) else []
            adapter.pip_install(rest, keep)
    except HumorError:
        raise
    except Exception as error:  # pip and Slicer fail in many ways
        raise HumorError(_by_hand(requirements, str(error) or type(error).__name__)) from error
    importlib.invalidate_caches()
    left = [entry for entry in missing(with_torch=True) if entry in requirements]
    if left:
        reason = _("{names} was still missing afterwards").format(names=", ".join(left))
        raise HumorError(_by_hand(left, reason))


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~]", requirement, maxsplit=1)[0]


def _shown(megabytes: int) -> str:
    return f"{megabytes / 1000:g} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _by_hand(requirements: Sequence[str], reason: str) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    quoted = " ".join(f'"{entry}"' for entry in requirements)
    return _(
        "The packages could not be installed ({reason}). Check the network, or do it by hand: on a computer "
        "with a network and the same system run\n"
        "  pip download --dest FOLDER --only-binary=:all: --python-version {version} {packages}\n"
        "copy FOLDER here, and enter in Slicer's Python console\n"
        "  slicer.util.pip_install('--no-index --find-links FOLDER {packages}')"
    ).format(reason=reason, version=version, packages=quoted)


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
