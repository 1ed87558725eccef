"""What users are warned of, as data; and the one table of its texts.

Whoever finds something makes a record with ``warn``: a code and values, which programs can count and
filter. Whoever shows it asks ``text`` for the sentences; another table gives another language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from string import Formatter
from typing import Any

from .sequences import DISPLAY_NAMES

NOTE, WARNING = "note", "warning"
"""Levels: what was done, to be known; and what is to be looked at."""

Sentences = tuple[str, ...]
"""Whole sentences, for ``str.format`` with a record's values; one that names a None is left out."""


@dataclass(frozen=True)
class RunWarning:
    """One thing that the user should know of a run.

    Attributes:
        code: what it is, a key of ``TEXTS``.
        values: name → plain value (number, text, list, None) of what the sentences name.
        level: ``note`` or ``warning``.
        stored: its sentences where it was read from a file; they stand in for those of a code that this
            version does not know.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    level: str = WARNING
    stored: str = field(default="", compare=False)

    def __str__(self) -> str:
        return text(self)


_AXES_TAKEN = (
    "its axes were taken as right to left, anterior to posterior, inferior to superior, as 3D Slicer does. "
    "Check it."
)
_QFORM_TAKEN = (
    "so the qform was taken, as 3D Slicer does; the result has both, as the image has. Check that the "
    "sequences lie on each other."
)
_REGISTER = (
    "Register the sequences first, or have them aligned here (--register; in Slicer: Align the sequences "
    "with each other first)."
)
_SMALL_WINDOWS = (
    "The result is worse than usual, the tumour core most: the network saw the brain in windows of {window} "
    "voxels, smaller than in its training.",
    "In a test on seven patients such windows cost {points} points of Dice of the tumour core.",
)
_LARGER_WINDOWS = "For a better result, run it again with more memory and --window auto."

_NOTES: dict[str, Sentences] = {
    "nan_background": ("{file}: {count} NaN voxels outside the image were taken as background.",),
    "registered": (
        "{file} ({sequence}) was moved by {shift_mm:.1f} mm and turned by {turn_degrees:.1f}° to fit "
        "{target}.",
    ),
    "units_converted": ("{file}: its header gives lengths in {units}; they were turned into mm.",),
}

_WARNINGS: dict[str, Sentences] = {
    # What a file's header says.
    "voxel_size_invalid": (
        "{file}: its voxel sizes (pixdim {pixdim}) are not valid, and programs read it in different ways; "
        "{taken} were taken. Check left and right in the result.",
    ),
    "voxel_size_implausible": (
        "{file}: its voxel sizes in pixdim ({pixdim}) cannot be those of a head; those of its sform ({sform} "
        "mm) were taken. 3D Slicer takes the others. Export it again.",
    ),
    "voxel_size_contradicts": (
        "{file}: its voxel sizes in pixdim ({pixdim} mm) are not those of its sform ({sform} mm). Those of "
        "pixdim were taken, as 3D Slicer does; volumes in ml depend on it. Check which is right.",
    ),
    "units_implausible": (
        "{file}: its header gives lengths in {units}, which cannot be; they were taken as mm. 3D Slicer "
        "shows it in another size. Export it again.",
    ),
    "units_ignored": (
        "{file}: its header gives lengths in {units}; they were taken as millimetres, as 3D Slicer does. "
        "Check the volumes.",
    ),
    "orientation_missing_nifti": (
        "{file}: the file does not say how the image lies in the patient (neither sform nor qform); "
        + _AXES_TAKEN,
    ),
    "orientation_missing_itk": (
        "{file}: the file does not say how the image lies in the patient (no directions); " + _AXES_TAKEN,
    ),
    "orientation_by_convention": (
        "{file}: the file does not say how the image lies in the patient; its axes were taken as the "
        "format's convention has them. Left and right may be exchanged: check the result.",
    ),
    "forms_disagree_shear": (
        "{file}: its sform and qform put the image at different places. The sform has axes that are not at "
        "right angles, " + _QFORM_TAKEN,
    ),
    "forms_disagree_code": (
        "{file}: its sform and qform put the image at different places. The sform has code {sform_code}, not "
        "1, " + _QFORM_TAKEN,
    ),
    "axes_sheared": (
        "{file}: its axes are not at right angles (a sheared sform, and no qform). It was read as it is; 3D "
        "Slicer and other programs that use ITK do not open it. Resample it to a grid without shear.",
    ),
    # How the sequences lie, and what they show.
    "registration_failed": (
        "{file} ({sequence}): registration found no better place, so its own was kept. Check it.",
    ),
    "misplaced_mirrored": (
        "{file} ({sequence}) does not lie on {target}, but would with left and right exchanged: its header "
        "seems to mistake one for the other. Export it again, or leave it out.",
    ),
    "misplaced_other": (
        "{file} ({sequence}) does not lie on {target}: it seems to show another head, or it is too poor to "
        "tell. Check that both are of the same patient and visit, and leave it out if they are not.",
    ),
    "misplaced_shifted": (
        "{file} ({sequence}) does not lie on {target}: it seems to be off by about {shift_mm:.0f} mm.",
        _REGISTER,
    ),
    "misplaced_turned": (
        "{file} ({sequence}) does not lie on {target}: it seems to be turned by about {turn_degrees:.0f}°.",
        _REGISTER,
    ),
    "misplaced_shifted_and_turned": (
        "{file} ({sequence}) does not lie on {target}: it seems to be off by about {shift_mm:.0f} mm and "
        "turned by about {turn_degrees:.0f}°.",
        _REGISTER,
    ),
    "not_skull_stripped": (
        "{sequences}: the head does not look skull-stripped. The model was made for brains without skull and "
        "scalp; strip the skull first, or check the result with care.",
    ),
    "little_brain": (
        "Only {volume_ml:.0f} ml look like brain, much less than a brain has. Check that the images show a "
        "whole brain.",
    ),
    "reference_cut": (
        "{file} ({sequence}) shows only {share:.0%} of what the sequences show together, and results end "
        "where it ends. Choose another sequence as the reference (--reference) to have all of them.",
    ),
    "sequence_cut": (
        "{file} ({sequence}) shows only {share:.0%} of the brain that the sequences show together: it is cut "
        "off, or not registered to them.",
    ),
    # Which sequences there are.
    "one_sequence": ("Only {sequences} was given: one sequence alone makes every region less certain.",),
    "t1c_missing": ("T1c is missing, so the enhancing tumour and the tumour core are less certain.",),
    "flair_and_t2_missing": (
        "FLAIR and T2 are missing, so the outline of the whole tumour (oedema) is less certain.",
    ),
    # What was found.
    "no_tumour": ("No tumour was found. This does not show that there is none: look at the images.",),
    "tiny_tumour": ("The whole tumour is very small ({volume_ml:.2f} ml): it may be a false finding.",),
    "huge_tumour": (
        "The whole tumour is very large ({volume_ml:.0f} ml): check that the images are of a brain, "
        "skull-stripped, and that each sequence has its right role.",
    ),
    "implausible_tumour": (
        "What was found does not look like a tumour.",
        "Of what lies off the mid-plane, {symmetry:.0%} is mirrored on the other side of the head.",
        "It fills {share_of_brain:.0%} of the brain.",
        "It fills {share_of_head:.0%} of the head.",
        "Of it, {outside_brain:.0%} lies outside the brain.",
        "Of it, {outside_head:.0%} lies outside the head.",
        "It is in {pieces} pieces.",
        "It may not be one: check that each sequence has its right role and that the head is "
        "skull-stripped, and look at the images.",
    ),
    "tumour_at_edge": (
        "The tumour reaches the edge of the image: a part of it may lie outside and be missing.",
    ),
    # What was given up for memory, and what that costs.
    "memory_windows": (
        "Memory ran out; going on with windows of {window} voxels instead of the whole brain.",
    ),
    "memory_smaller_windows": ("Memory ran out; going on with windows of {window} voxels.",),
    "memory_one_window": ("Memory ran out; going on with one window at a time.",),
    "memory_stitching": ("Memory ran out; going on with stitching in main memory.",),
    "memory_cpu": ("Memory ran out; going on with the CPU instead of the GPU.",),
    "small_windows_chosen": (*_SMALL_WINDOWS, "Such windows were asked for.", _LARGER_WINDOWS),
    "small_windows_fallback": (*_SMALL_WINDOWS, "Memory ran out with larger ones.", _LARGER_WINDOWS),
    "small_windows_memory": (
        *_SMALL_WINDOWS,
        "Memory was short: {free_gb:.1f} GB were free, and the whole brain needs {needed_gb:.1f} GB.",
        "The GPU's memory was short: {free_gpu_gb:.1f} GB were free, and the whole brain needs "
        "{needed_gb:.1f} GB.",
        "The container has a limit of {container_gb:.1f} GB.",
        "The process has a limit of {process_gb:.1f} GB; see 'ulimit -v' and 'ulimit -d'.",
        _LARGER_WINDOWS,
    ),
}

TEXTS: dict[str, Sentences] = {**_NOTES, **_WARNINGS}
"""Code → its sentences in English."""


def warn(code: str, **values: Any) -> RunWarning:
    """A record.

    Args:
        code: a key of ``TEXTS``, which says its level too.
        values: all that its sentences name; None for those that are not to be said.

    Raises:
        ValueError: a sentence names a value that is not there.
    """
    if missing := {name for sentence in TEXTS[code] for name in _names(sentence)} - set(values):
        raise ValueError(f"{code}: no value for {', '.join(sorted(missing))}")
    plain = {name: _plain(value) for name, value in values.items()}
    return RunWarning(code, plain, NOTE if code in _NOTES else WARNING)


def text(warning: RunWarning, texts: Mapping[str, Sentences] = TEXTS) -> str:
    """What a user reads.

    Args:
        warning: the record.
        texts: code → sentences; of another language, if need be.
    """
    if warning.code not in texts:
        return warning.stored or warning.code
    shown = {name: _shown(name, value) for name, value in warning.values.items() if value is not None}
    said = [sentence for sentence in texts[warning.code] if _names(sentence) <= set(shown)]
    return " ".join(sentence.format(**shown) for sentence in said)


def to_json(warning: RunWarning) -> dict[str, Any]:
    """The record as plain facts, with its text: ``code``, ``level``, ``values``, ``text``."""
    return {
        "code": warning.code,
        "level": warning.level,
        "values": dict(warning.values),
        "text": text(warning),
    }


def from_json(facts: Mapping[str, Any]) -> RunWarning:
    """A record from what ``to_json`` made, also of a version that knows other codes."""
    return RunWarning(facts["code"], facts["values"], facts["level"], facts["text"])


def once(warnings: Iterable[RunWarning]) -> list[RunWarning]:
    """Each once, in the order in which they first come."""
    found: list[RunWarning] = []
    for warning in warnings:
        if warning not in found:
            found.append(warning)
    return found


def _names(sentence: str) -> set[str]:
    return {name for _literal, name, _form, _conversion in Formatter().parse(sentence) if name}


def _plain(value: Any) -> Any:
    """What JSON can hold: Python's own numbers; what is not finite, as its name."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    value = value.item() if hasattr(value, "item") else value
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _shown(name: str, value: Any) -> Any:
    """A value as people read it: sequences by their names, edges with crosses, lists with commas."""
    if name in ("sequence", "target"):
        return DISPLAY_NAMES[value]
    if not isinstance(value, list):
        return value
    if name == "sequences":
        return ", ".join(DISPLAY_NAMES[each] for each in value)
    return ("×" if name == "window" else ", ").join(map(str, value))
