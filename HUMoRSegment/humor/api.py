"""The engine for Python programs and notebooks: ``import humor; humor.segment(...)``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .options import SEGMENTER_OPTIONS, SegmentOptions
from .user_input import home

if TYPE_CHECKING:
    from .inference.segmentation import Segmentation
    from .inference.segmenter import Segmenter

PathLike = str | os.PathLike[str]


def load_model(name: str | None = None, **options: Any) -> Segmenter:
    """A model that is ready to segment, for many studies.

    Args:
        name: a name from ``humor models``, or a model's folder; None for the student that ships.
        options: ``device``, ``precision``, ``window``, ``mirror``; see ``SegmentOptions``.

    Raises:
        BundleError, DeviceError, UsageError: see ``errors``.
    """
    from .pipeline import make_segmenter, model_of

    _check(options, SEGMENTER_OPTIONS)
    chosen = SegmentOptions(model=name, **options)
    return make_segmenter(model_of(chosen), chosen)


def segment(
    study: PathLike | Mapping[str, PathLike],
    output: PathLike | None = None,
    *,
    model: str | Segmenter | None = None,
    **options: Any,
) -> Segmentation:
    """Segment one study.

    ::

        found = humor.segment("patient7")  # a folder
        found = humor.segment({"t1c": "post.nii.gz", "flair": "flair.nii.gz"}, "results")
        print(found.volumes_ml(), *found.warnings)

    Args:
        study: a folder whose files are recognised by name, or sequence (``t1``, ``t1c``, ``t2``,
            ``flair``) → file; or one 4-D file, with ``channels``.
        output: a folder for all results; None to write nothing.
        model: a name or folder, or what ``load_model`` returned.
        options: fields of ``SegmentOptions``, e.g. ``device="cpu"``.

    Returns:
        Masks bool ``[3, ...]`` (WT, TC, ET) on the grid of the chosen sequence, probabilities,
        routing, volumes, and all warnings.

    Raises:
        HumorError: see ``errors``.
    """
    from .inference.segmentation import all_warnings
    from .pipeline import segment_files, segment_in_memory

    ready = None if model is None or isinstance(model, str) else model
    names = tuple(each.name for each in fields(SegmentOptions) if each.name != "model")
    _check(options, names)
    if ready is not None and (twice := [name for name in SEGMENTER_OPTIONS if name in options]):
        raise UsageError(f"{', '.join(twice)}: give this to load_model, which has made the model already.")
    chosen = SegmentOptions(model=model if isinstance(model, str) else None, **options)
    files = _files(study, chosen.channels)
    if output is None:
        found = segment_in_memory(files, chosen, segmenter=ready)
    else:
        found = segment_files(files, home(Path(output)), chosen, segmenter=ready).segmentation
    return replace(found, warnings=all_warnings(found))


def _files(study: PathLike | Mapping[str, PathLike], channels: tuple[str, ...]) -> dict[str, Path]:
    if isinstance(study, Mapping):
        return {name: home(Path(path)) for name, path in study.items()}
    from .study.roles import guess_roles

    return guess_roles(home(Path(study)), {}, channels).files


def _check(options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(options) - set(known)):
        raise UsageError(f"{', '.join(unknown)}: no such option. There are: {', '.join(known)}.")
