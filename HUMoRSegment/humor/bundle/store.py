"""Where models are, those that come with HUMoR and the user's own, and how one is found by its name."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import BundleError
from ..user_input import home
from .bundle import Bundle, load_bundle, not_of_a_model
from .manifest import MANIFEST
from .rules import is_name

DEFAULT_BUNDLE = "humor-student"
"""What is used when no model is named."""
FOLDER_VARIABLE = "HUMOR_MODELS"


@dataclass(frozen=True)
class Installed:
    """One entry of the list of models.

    Attributes:
        name: its folder's name, by which it is found.
        folder: where it is.
        shipped: whether it comes with HUMoR.
        hidden: whether the user's folder has another of this name, which is used instead.
        bundle: what it is; None if it cannot be opened.
        problem: why it cannot be opened.
    """

    name: str
    folder: Path
    shipped: bool
    hidden: bool
    bundle: Bundle | None
    problem: str = ""


def user_folder() -> Path:
    """The user's folder of models: ``$HUMOR_MODELS``, or the system's place for a user's data.

    It need not exist.
    """
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return home(chosen).absolute()
    own = home("~")
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or own / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = own / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or own / ".local" / "share")
    return data / "HUMoR" / "models"


def writable_user_folder() -> Path:
    """The user's folder, for writing.

    Raises:
        BundleError: the system names no home folder (some containers).
    """
    folder = user_folder()
    if not folder.is_absolute():
        raise BundleError(
            f"There is no home folder to put models into: set {FOLDER_VARIABLE} to a folder for them."
        )
    return folder


def shipped_folders() -> list[Path]:
    """Where models lie that come with HUMoR: inside the installed package, or beside it."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "bundles", package.parent / "Resources" / "Models")
    return [place for place in places if os.path.isdir(place)]


def model_folders() -> list[Path]:
    """All places where a name is looked for, the user's own first."""
    own = user_folder()
    return [own, *(place for place in shipped_folders() if place != own)]


def installed_bundles() -> list[Installed]:
    """All models that are there, usable or not, the user's own first, then by name."""
    found: list[Installed] = []
    own = user_folder()
    for place in model_folders():
        for path in _manifests(place):
            folder = path.parent
            hidden = any(folder.name == other.name for other in found)
            bundle, problem = _opened(folder)
            found.append(Installed(folder.name, folder, place != own, hidden, bundle, problem))
    return found


def remove_bundle(name: str) -> Path:
    """Delete a model from the user's folder, at once or not at all.

    Returns:
        Where it was.

    Raises:
        BundleError: the user's folder has none of this name, or it cannot be deleted.
    """
    folder = writable_user_folder() / name
    if not is_name(name) or not os.path.lexists(folder / MANIFEST):
        if any(os.path.isfile(place / name / MANIFEST) for place in shipped_folders() if is_name(name)):
            raise BundleError(f"{name} comes with HUMoR and stays; only imported models can be removed.")
        raise BundleError(f"{user_folder()} has no model {name!r}. 'humor models' lists what is there.")
    try:
        if os.path.islink(folder):
            folder.unlink()
        elif foreign := not_of_a_model(folder):
            raise BundleError(
                f"{folder} holds {', '.join(foreign)}, which no model has: it is not removed. "
                "Move that away first."
            )
        else:
            _delete(folder)
    except OSError as error:
        raise BundleError(
            f"{folder} cannot be removed ({error.strerror or error}). Close programs that use the model, "
            "or check the folder's permissions."
        ) from error
    return folder


def _delete(folder: Path) -> None:
    """Out of sight first: a half deleted model must not be found."""
    aside = folder.with_name(f".humor-{folder.name}-{os.getpid()}.partial")
    folder.rename(aside)
    shutil.rmtree(aside)


def _manifests(place: Path) -> list[Path]:
    return sorted(path for path in place.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))


def _opened(folder: Path) -> tuple[Bundle | None, str]:
    try:
        return load_bundle(folder), ""
    except BundleError as error:
        return None, str(error)


def find_bundle(model: str | Path | None = None) -> Path:
    """The folder of a model.

    A name is looked for in the user's folder first, so that an imported model replaces one of the
    same name that came with HUMoR; what is no such name is taken for a folder.

    Args:
        model: a name or a folder; None for the default model.

    Raises:
        BundleError: there is no such model.
    """
    name = DEFAULT_BUNDLE if model is None else model
    if isinstance(name, str) and is_name(name):
        for place in model_folders():
            if os.path.lexists(place / name / MANIFEST):  # whatever it is: opening it tells
                return place / name
    folder = home(name)
    if model is not None and os.path.lexists(folder / MANIFEST):
        return folder
    raise BundleError(_not_found(str(name), folder))


def _not_found(name: str, folder: Path) -> str:
    from difflib import get_close_matches  # here: it takes as long to load as the rest of this package

    if os.path.isfile(folder) and folder.suffix.lower() == ".zip":
        return f"{folder} is packed: 'humor models import {folder}' installs it, then use its name."
    if os.path.isdir(folder) and not is_name(name):
        return f"{folder} holds no model: it has no {MANIFEST}."
    known = sorted({entry.name for entry in installed_bundles()})
    if not known:
        return (
            f"There is no model {name!r}, nor any other. Install one with 'humor models import FILE.zip', "
            f"or put its folder into {user_folder()}."
        )
    near = get_close_matches(name, known, 1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no model {name!r}.{meant} Installed: {', '.join(known)}."
