"""Find a model by its name or folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import BundleError
from ..user_input import home
from .manifest import MANIFEST
from .rules import is_name
from .store import installed_bundles, model_folders, user_folder

DEFAULT_BUNDLE = "humor-student"
"""What is used when no model is named."""


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
            f"Model {name!r} is not there, nor any other. Install one with 'humor models import FILE.zip', "
            f"or put its folder into {user_folder()}."
        )
    near = get_close_matches(name, known, 1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no model {name!r}.{meant} Installed: {', '.join(known)}."
