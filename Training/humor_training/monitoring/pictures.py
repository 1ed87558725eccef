"""Sample slices of a held-out case: what the network sees, what the expert drew, what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from humor.regions import REGIONS, labels_to_regions
from humor.sequences import DISPLAY_NAMES, SEQUENCES

FOLDER = "samples"
"""In the run's folder."""
PIXELS_PER_MM = 2.0
DPI = 100
GAP_MM, TITLE_MM, LEGEND_MM = 6.0, 13.0, 12.0
PREFERRED = ("t1c", "flair", "t2", "t1")
"""Which sequence is shown of those that a network was given: where the tumour shows best first."""
_TEXT: dict[str, Any] = {"color": "#c9d1d9", "fontsize": 9, "family": "DejaVu Sans"}


def picture_path(folder: Path, step: int) -> Path:
    """Where the picture of a step lies in a run's folder."""
    return folder / FOLDER / f"step_{step:08d}.png"


def latest_picture(folder: Path) -> Path | None:
    """The picture of the highest step, if there is any."""
    return max((folder / FOLDER).glob("step_*.png"), default=None)


def sample_picture(
    path: Path, image: np.ndarray, labels: np.ndarray, predictions: Mapping[str, np.ndarray]
) -> None:
    """Draw axial, coronal and sagittal slices through the tumour, one row for each prediction.

    Each row shows the sequence, of those that the network was given, in which tumours show best. The
    expert's outlines are dashed, the network's solid, both in the regions' colours.

    Args:
        path: PNG, replaced at once; its folder is made.
        image: ``[4, D, H, W]`` z-scores at 1 mm; the axes point to Superior, Posterior, Left.
        labels: the expert's BraTS labels ``[D, H, W]``.
        predictions: subset (``t1c+flair``) → regions ``[3, D, H, W]`` bool.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    truth = labels_to_regions(labels)
    centre = tumour_centre(truth, predictions)
    height, width = labels.shape[1:]
    row = _row_height(labels.shape) + TITLE_MM
    total = (2 * width + height + 4 * GAP_MM, len(predictions) * row + LEGEND_MM)
    scale = PIXELS_PER_MM / DPI
    figure = Figure(figsize=(total[0] * scale, total[1] * scale), dpi=DPI, facecolor="black")
    top = 0.0
    for subset, found in predictions.items():
        shown = best_sequence(image, subset)
        grey = _grey(image[SEQUENCES.index(shown)])
        names = " + ".join(DISPLAY_NAMES.get(name, name) for name in subset.split("+"))
        y = 1.0 - (top + 0.7 * TITLE_MM) / total[1]
        figure.text(GAP_MM / total[0], y, f"{names}   (shown: {DISPLAY_NAMES[shown]})", **_TEXT)
        _row(figure, total, top + TITLE_MM, grey, truth, found, centre)
        top += row
    _legend(figure, total)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        FigureCanvasAgg(figure).print_png(file)
    partial.replace(path)


def best_sequence(image: np.ndarray, subset: str) -> str:
    """The sequence to show: the first of ``PREFERRED`` that the subset names and the image holds."""
    there = [name for name in PREFERRED if image[SEQUENCES.index(name)].any()] or list(PREFERRED)
    given = subset.split("+")
    return next((name for name in there if name in given), there[0])


def tumour_centre(truth: np.ndarray, predictions: Mapping[str, np.ndarray]) -> tuple[int, int, int]:
    """The voxel to cut through: in the expert's innermost region, else in a prediction, else the middle.

    The voxel of the region that is nearest to its centre of mass, which itself may lie outside.
    """
    for regions in (truth, *predictions.values()):
        for mask in regions[::-1]:
            if mask.any():
                voxels = np.argwhere(mask)
                nearest = voxels[((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1).argmin()]
                return int(nearest[0]), int(nearest[1]), int(nearest[2])
    depth, height, width = truth.shape[1:]
    return depth // 2, height // 2, width // 2


def slices(volume: np.ndarray, centre: tuple[int, int, int]) -> list[np.ndarray]:
    """Axial, coronal, sagittal slice of ``[..., D, H, W]`` in radiological convention.

    The patient's left is on the right of the first two; Superior (the last index) is on top.
    """
    z, y, x = centre
    return [volume[..., z, :, :], volume[..., ::-1, y, :], volume[..., ::-1, :, x]]


def _row_height(shape: Sequence[int]) -> int:
    """In mm: axial slices are as high as the brain is long, the others as the brain is high."""
    return max(shape[0], shape[1])


def _row(
    figure: Any,
    total: tuple[float, float],
    top: float,
    grey: np.ndarray,
    truth: np.ndarray,
    found: np.ndarray,
    centre: tuple[int, int, int],
) -> None:
    left, room = GAP_MM, _row_height(truth.shape[1:])
    views = (slices(grey, centre), slices(truth, centre), slices(found, centre))
    for picture, drawn, guessed in zip(*views, strict=True):
        rows, columns = picture.shape
        below = total[1] - top - rows - (room - rows) / 2
        box = (left / total[0], below / total[1], columns / total[0], rows / total[1])
        axes = figure.add_axes(box)
        axes.set_axis_off()
        axes.imshow(picture, cmap="gray", vmin=0.0, vmax=1.0, interpolation="bilinear", aspect="auto")
        _outline(axes, guessed, "solid", 1.2)
        _outline(axes, drawn, "dashed", 0.9)
        left += columns + GAP_MM


def _outline(axes: Any, masks: np.ndarray, style: str, width: float) -> None:
    for mask, region in zip(masks, REGIONS, strict=True):
        if mask.any() and not mask.all():
            axes.contour(mask, levels=[0.5], colors=[region.colour], linestyles=style, linewidths=width)


def _legend(figure: Any, total: tuple[float, float]) -> None:
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=region.colour, label=region.key) for region in REGIONS]
    lines.append(Line2D([], [], color="#c9d1d9", linewidth=1.2, label="network"))
    lines.append(Line2D([], [], color="#c9d1d9", linewidth=0.9, linestyle="dashed", label="expert"))
    figure.legend(
        handles=lines,
        loc="lower left",
        bbox_to_anchor=(GAP_MM / total[0], 0.0),
        ncols=len(lines),
        frameon=False,
        fontsize=9,
        labelcolor="#c9d1d9",
        borderaxespad=0.2,
        handlelength=2.2,
    )


def _grey(values: np.ndarray) -> np.ndarray:
    """Grey values 0 to 1: darkest and brightest percent of the brain clipped, black outside it."""
    values = values.astype(np.float32)
    brain = values != 0.0
    if not brain.any():
        return np.zeros_like(values)
    low, high = np.percentile(values[brain][::8], (0.5, 99.7))
    return np.where(brain, np.clip((values - low) / max(high - low, 1e-6), 0.06, 1.0), 0.0)
