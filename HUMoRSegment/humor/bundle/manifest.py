"""``bundle.json``: everything about a model except its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import BundleError
from ..regions import REGION_KEYS, USUAL_THRESHOLD
from ..sequences import SEQUENCES
from . import rules

FORMAT_VERSION = 1
"""The only form of ``bundle.json`` that is read and written."""

MANIFEST = "bundle.json"
CARD = "README.md"
MAX_MANIFEST_BYTES = 4 << 20

Validation = Mapping[str, Mapping[str, Mapping[str, "float | None"]]]


@dataclass(frozen=True)
class Manifest:
    """The metadata of ``bundle.json``. It is checked when one is made.

    Attributes:
        name: what users type; also the folder's name: lower-case letters, digits, ``- . _``.
        title: what users read.
        kind: ``student``, ``teacher`` or another word for the model's role.
        architecture: its ``name`` and numbers, as ``networks.build`` takes them.
        version: of this model.
        sequences: its input channels, in order.
        regions: its output channels, in order.
        spacing_mm: edge length of the isotropic voxels that it sees.
        normalisation: ``name`` of the method and its numbers.
        thresholds: region → probability from which a voxel belongs to it.
        min_component_ml: connected pieces smaller than this are removed.
        window: lengths of the training windows in voxels.
        files: file → SHA-256 (hexadecimal) of every other file of the bundle except the card;
            ``save_bundle`` fills it.
        graph: empty, or of the OpenVINO graph the files ``xml`` and ``constants``, the number of
            ``gates`` and further entries.
        licence: of the weights, an SPDX name.
        citations: what to cite for the method and the data.
        training: provenance: data, split, recipe, seeds, hardware, hours, ...
        validation: data set → subset of sequences (``t1c+flair``) → region → mean Dice, 0 to 1;
            None where no patient of the set has the region.
        created: ISO date or time.

    Raises:
        BundleError: a value does not fit.
    """

    name: str
    title: str
    kind: str
    architecture: Mapping[str, Any]
    version: str = "1.0"
    sequences: tuple[str, ...] = SEQUENCES
    regions: tuple[str, ...] = REGION_KEYS
    spacing_mm: float = 1.0
    normalisation: Mapping[str, Any] = field(default_factory=lambda: dict(rules.NORMALISATION))
    thresholds: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(REGION_KEYS, USUAL_THRESHOLD)
    )
    min_component_ml: float = 0.0
    window: tuple[int, int, int] = (96, 96, 96)
    files: Mapping[str, str] = field(default_factory=dict)
    graph: Mapping[str, Any] = field(default_factory=dict)
    licence: str = "MIT"
    citations: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    validation: Validation = field(default_factory=dict)
    created: str = ""

    def __post_init__(self) -> None:
        for entry in ("sequences", "regions", "citations", "window"):
            value = getattr(self, entry)
            if not isinstance(value, (list, tuple)):
                raise BundleError(f"{entry} must be a list, not {value!r}.")
            object.__setattr__(self, entry, tuple(value))
        for each in fields(self):
            rules.check_plain(each.name, getattr(self, each.name))
        rules.check(asdict(self))

    def to_json(self) -> str:
        """The text of ``bundle.json``, always the same for the same metadata.

        Raises:
            BundleError: one of the free entries holds something that JSON cannot.
        """
        metadata = {"format_version": FORMAT_VERSION, **asdict(self)}
        try:
            return json.dumps(metadata, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise BundleError(f"{self.name}: {MANIFEST} cannot be written: {error}.") from error

    @staticmethod
    def from_json(text: str | bytes, where: str) -> Manifest:
        """Read ``bundle.json``.

        Args:
            text: its content.
            where: what to call the file in messages.

        Raises:
            BundleError: not JSON, another format version, entries unknown, missing or wrong.
        """
        try:
            metadata = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError too
            raise BundleError(f"{where} is not readable ({error}). {rules.GET_AGAIN}") from error
        if not isinstance(metadata, dict):
            raise BundleError(f"{where} does not describe a model. {rules.GET_AGAIN}")
        _check_version(metadata.pop("format_version", None), where)
        known = {entry.name for entry in fields(Manifest)}
        missing = {"name", "title", "kind", "architecture", "files"} - set(metadata)
        for problem, names in (("unknown", set(metadata) - known), ("missing", missing)):
            if names:
                entries = ", ".join(ascii(name) for name in sorted(names)[:5])
                raise BundleError(f"{where}: {problem} entries: {entries}. {rules.GET_AGAIN}")
        try:
            return Manifest(**metadata)
        except BundleError as error:
            raise BundleError(f"{where}: {error} {rules.GET_AGAIN}") from error


def _check_version(version: object, where: str) -> None:
    if isinstance(version, bool) or not isinstance(version, int):
        raise BundleError(f"{where} states no format version. {rules.GET_AGAIN}")
    if version > FORMAT_VERSION:
        raise BundleError(
            f"{where} has format version {version}; this HUMoR reads {FORMAT_VERSION}. Update HUMoR."
        )
    if version < FORMAT_VERSION:
        raise BundleError(
            f"{where} has format version {version}; this HUMoR reads {FORMAT_VERSION}. "
            "Get a newer version of the model."
        )


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")
