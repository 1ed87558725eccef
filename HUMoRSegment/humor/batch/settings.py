"""What decides a result besides its inputs: the model and the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..options import SegmentOptions


@dataclass(frozen=True)
class Settings:
    """One batch's model and options.

    Attributes:
        options: of each run; ``model`` is what the user typed, ``device`` is that of the first worker.
        folder: the model's folder.
        model: its name.
        sha256: its hash.
    """

    options: SegmentOptions
    folder: Path
    model: str
    sha256: str

    @property
    def options_hash(self) -> str:
        """Changes when an option changes what is computed or written."""
        return self.options.decisive_hash

    def to_json(self) -> dict[str, Any]:
        """Plain facts, for another process."""
        return {
            "options": self.options.to_json(),
            "folder": str(self.folder),
            "model": self.model,
            "sha256": self.sha256,
        }

    @staticmethod
    def from_json(facts: dict[str, Any]) -> Settings:
        """The opposite of ``to_json``."""
        options = SegmentOptions.from_json(facts["options"])
        return Settings(options, Path(facts["folder"]), facts["model"], facts["sha256"])


def settings_of(options: SegmentOptions) -> Settings:
    """Find the model.

    Raises:
        BundleError: there is no such model.
    """
    from ..pipeline import model_of

    bundle = model_of(options)
    return Settings(options, bundle.folder.absolute(), bundle.name, bundle.sha256)
