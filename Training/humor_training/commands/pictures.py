"""``humor-train pictures``: what transplanted tumours and synthetic patients look like."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ..data.labelled_case import LabelledCase

TRANSPLANTATION, SYNTHETIC = "transplantation.png", "synthetic.png"
PAIRS = ((2, 5), (8, 1))
"""Seeds of the generated patients that give and take a tumour."""
SEED = 4
PANEL_INCHES, DPI = 1.5, 110
GREYS = 48
"""Grey levels of a picture: more than a noisy image needs only make the file larger."""
BRIGHTEST = {"T2": 96.0}
"""Percentile that is shown white, where it is not 99.7: in T2 nearly all that is brighter is fluid."""
CUT = {"axial": 0, "coronal": 1, "sagittal": 2}

Panel = tuple[str, "np.ndarray", "np.ndarray | None"]


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pictures", help="draw examples of transplanted tumours and synthetic patients"
    )
    parser.add_argument("output", type=Path, help="folder for the pictures (PNG)")
    parser.add_argument(
        "--templates", type=Path, help="folder with t1, gm and wm .nii.gz of an average brain, for synthesis"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write the pictures; no real patient is in them."""
    args.output.mkdir(parents=True, exist_ok=True)
    _save(_transplantations(), 6, args.output / TRANSPLANTATION)
    if args.templates:
        _save(_synthetic_patients(args.templates), 5, args.output / SYNTHETIC)


def generated_case(seed: int, spacing: float = 1.0) -> LabelledCase:
    """A generated patient as a case, by the way that files take."""
    import tempfile

    import nibabel

    from humor.sample.patient import generate

    from ..data.layouts.folders import LABEL_FILE
    from ..data.loading import load_labelled

    study = generate(seed, spacing)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / f"patient {seed}"
        folder.mkdir()
        for name, data in {**study.images, LABEL_FILE.removesuffix(".nii.gz"): study.labels}.items():
            nibabel.save(nibabel.Nifti1Image(data, study.affine), folder / f"{name}.nii.gz")
        return load_labelled(folder)


def _transplantations() -> list[Panel]:
    """A row for each pair: donor, host and result, in T1c and FLAIR."""
    import numpy as np
    import torch

    from ..augmentation.tensor_case import on_device
    from ..augmentation.transplantation import transplant

    panels: list[Panel] = []
    for giver, taker in PAIRS:
        donor, host = generated_case(giver), generated_case(taker)
        rng, cpu = np.random.default_rng(giver), torch.device("cpu")
        result = transplant(on_device(donor, cpu), on_device(host, cpu), rng).labelled()
        changed = result.labels * (result.labels != host.labels)
        at = _middle(changed, 0)
        for name, case, index in (
            ("donor", donor, _middle(donor.labels, 0)),
            ("host", host, at),
            ("result", result, at),
        ):
            panels += [
                _panel(f"{name}, {key}", case, key, 0, index, outlined=True) for key in ("T1c", "FLAIR")
            ]
    return panels


def _synthetic_patients(templates: Path) -> list[Panel]:
    """One patient in three planes, then others: with the physical order of contrasts, and without it."""
    from humor.sequences import DISPLAY_NAMES

    from ..augmentation.config import SynthesisConfig
    from ..augmentation.synthesis.patients import make_patients

    ordered = make_patients(templates, 3, SEED, SynthesisConfig(ordered=1.0))
    random = make_patients(templates, 3, SEED, SynthesisConfig(ordered=0.0))
    rows = [(ordered[0], plane) for plane in CUT] + [(ordered[1], "axial"), (ordered[2], "axial")]
    rows.append((random[2], "axial"))
    panels: list[Panel] = []
    for case, plane in rows:
        axis = CUT[plane]
        index = _middle(case.labels, axis)
        panels += [_panel(key, case, key, axis, index) for key in DISPLAY_NAMES.values()]
        panels.append(_panel("labels", case, "FLAIR", axis, index, outlined=True))
    return panels


def _middle(labels: np.ndarray, axis: int) -> int:
    """The slice with most of the tumour, its core counting more."""
    others = tuple(other for other in range(3) if other != axis)
    return int(((labels > 0) + 3 * (labels % 2 == 1) + 3 * (labels == 4)).sum(axis=others).argmax())


def _panel(
    title: str, case: LabelledCase, sequence: str, axis: int, index: int, outlined: bool = False
) -> Panel:
    """A slice in grey values 0 to 1, and its labels; superior and anterior on top."""
    import numpy as np

    from humor.sequences import DISPLAY_NAMES

    channel = list(DISPLAY_NAMES.values()).index(sequence)
    volume = case.image[channel].astype(np.float32)
    low, high = np.percentile(volume[volume != 0][::16], (0.5, BRIGHTEST.get(sequence, 99.7)))
    picture = np.take(volume, index, axis)
    grey = np.where(picture != 0, np.clip((picture - low) / (high - low), 0.04, 1), 0)
    labels = np.take(case.labels, index, axis)
    if axis:  # the first axis of the slice points upwards
        grey, labels = grey[::-1], labels[::-1]
    return title, grey, labels if outlined else None


def _save(panels: Sequence[Panel], columns: int, path: Path) -> None:
    """A sheet of panels with small titles, as a PNG with few colours."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    rows = -(-len(panels) // columns)
    size = (columns * PANEL_INCHES, rows * PANEL_INCHES * 1.16)
    figure = Figure(figsize=size, dpi=DPI, facecolor="black")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, panel in zip(grid.ravel(), panels, strict=True):
        _draw(axes, *panel)
    figure.subplots_adjust(0.005, 0.005, 0.995, 1 - 0.14 / size[1], 0.02, 0.1)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette())
    picture = Image.open(buffer).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


def _palette() -> list[int]:
    """Greys, and the outlines' colours mixed with them."""
    from humor.regions import REGIONS

    greys = [round(255 * level / (GREYS - 1)) for level in range(GREYS)]
    colours = [(grey, grey, grey) for grey in greys]
    for region in REGIONS:
        for share in (1.0, 0.7, 0.4):
            for grey in (30, 130, 230):
                red, green, blue = (round(255 * c * share + grey * (1 - share)) for c in region.colour)
                colours.append((red, green, blue))
    return [value for colour in colours for value in colour]


def _draw(axes: Any, title: str, grey: np.ndarray, labels: np.ndarray | None) -> None:
    from humor.regions import REGIONS, labels_to_regions

    axes.imshow(grey, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
    axes.set_title(title, color="#c9d1d9", fontsize=7, pad=2)
    axes.set_axis_off()
    if labels is None:
        return
    for mask, region in zip(labels_to_regions(labels), REGIONS, strict=True):
        if mask.any():
            axes.contour(mask, levels=[0.5], colors=[region.colour], linewidths=0.8)
