"""The files beside many studies' results that are replaced as the work goes on: ours, or left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import OutputError, UserFileError
from ..output.ownership import Claim, Journal
from ..plain_files import is_folder, sha256_of_plain
from .names import OWN_FILES, STATE_FOLDER

_KEPT = 2  # hashes of a file: a kill may have come before or after it was replaced


class OwnFiles:
    """Knows by hashes which files of a folder were written here; they are on disk before the files are.

    Args:
        folder: of the results; its folder of state is made if need be.

    Raises:
        OutputError: a link or something else stands where the state should be.
        OSError: it cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        state = folder / STATE_FOLDER
        self.began_here = is_folder(state)
        """Whether the folder was one of ours before."""
        state.mkdir(parents=True, exist_ok=True)
        if not is_folder(state):
            raise OutputError(f"{state} is a link, and links are not followed. Choose another output folder.")
        self._journal = Journal(state / OWN_FILES, forgiving=True)

    def refuse_foreign(self, name: str, from_before: Callable[[Path], bool]) -> None:
        """Stop where replacing a file would destroy what a user has made or changed.

        Args:
            name: of the file.
            from_before: whether one of which nothing is known was written by version 0.1.0, which
                kept no hashes.

        Raises:
            UserFileError: it would.
            OSError: it cannot be read.
        """
        path = self._folder / name
        if not os.path.lexists(path):
            return
        known = self._journal.known.get(name)
        ours = Claim(frozenset(known)).covers(path) if known else os.path.isfile(path) and from_before(path)
        if not ours:
            changed = "it changed since HUMoR wrote it" if known else "HUMoR did not write it"
            raise UserFileError(
                f"{path}: {changed}, and files of yours are never overwritten. Move it away, or choose "
                "another output folder."
            )

    def note(self, name: str, sha256: str) -> None:
        """A file is about to get this content.

        Raises:
            OSError: that cannot be written down.
        """
        path = self._folder / name
        known = self._journal.known.get(name, [])
        if not known and os.path.lexists(path):
            known = [sha256_of_plain(path)]
        self._journal.write("", {**self._journal.known, name: [*known, sha256][-_KEPT:]})
