"""What decides a result besides its inputs: the model and the options."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..pipeline import SegmentOptions

# The device is left out on purpose: a batch that was begun on one GPU may go on on another, or on
# the CPU. Each result says which it was. The model counts by its hash.
_UNDECISIVE = ("model", "device")


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
        facts = {name: value for name, value in asdict(self.options).items() if name not in _UNDECISIVE}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Plain facts, for another process."""
        return {
            "options": asdict(self.options),
            "folder": str(self.folder),
            "model": self.model,
            "sha256": self.sha256,
        }

    @staticmethod
    def from_json(facts: dict[str, Any]) -> Settings:
        """The opposite of ``to_json``."""
        options = SegmentOptions(**{**facts["options"], "channels": tuple(facts["options"]["channels"])})
        return Settings(options, Path(facts["folder"]), facts["model"], facts["sha256"])


def settings_of(options: SegmentOptions) -> Settings:
    """Find the model.

    Raises:
        BundleError: there is no such model.
    """
    from ..bundle.find import find_bundle
    from ..bundle.load import load_bundle

    bundle = load_bundle(find_bundle(options.model))
    return Settings(options, bundle.folder.absolute(), bundle.name, bundle.sha256)
