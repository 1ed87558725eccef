"""Pictures of the report (PNG): slices with tumour contours, and where each expert decides.

matplotlib is imported here only, through its object API: no pyplot, no global state, no display.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ..inference.segmentation import Segmentation
from ..regions import REGIONS
from ..routing import GateMap
from ..sequences import SEQUENCES
from .report_sections import expert_colour, text_on
from .views import PLANES, Plane, Target, brain_box, cut, extent_mm, sample

PIXELS_PER_MM = 2.4
GATE_PIXELS_PER_MM = 1.9
DPI = 100
GAP_MM = 13.0
"""Between panels: room for two letters."""
EDGE_MM = 13.0
"""Above and below them: a letter, a title, the scale bar."""
SCALE_BAR_MM = 50.0
HEAT_OPACITY = 0.9
DIMMED = 0.65
"""How bright the image below the experts' colours is, so that they show on bright tumours too."""
_TEXT: dict[str, Any] = {"color": "#c9d1d9", "fontsize": 9, "family": "DejaVu Sans"}


def sequence_picture(segmentation: Segmentation, sequence: str, target: Target) -> bytes:
    """Axial, coronal and sagittal view of a sequence through the target, all at one scale.

    The contours are those of the label map itself: the masks on the native grid are looked up at
    the places of the slice (nearest voxel), not recomputed from probabilities.

    Returns:
        A PNG.
    """
    case = segmentation.case
    box = brain_box(case.brain, case.grid)
    image = case.image[SEQUENCES.index(sequence)]
    window = _window(image, case.brain)
    sizes = [extent_mm(plane, box, case.grid) for plane in PLANES]
    canvas = _Canvas(sizes, PIXELS_PER_MM)
    for plane, size in zip(PLANES, sizes, strict=True):
        axes = canvas.panel(size)
        axes.imshow(
            _grey_slice(image, case.brain, window, plane, target, box),
            extent=(0, size[0], size[1], 0),
            interpolation="bilinear",
        )
        masks = sample(segmentation.regions, case.native.affine, plane, target, box, case.grid)
        _contours(axes, masks, size)
        _marks(axes, plane)
    _scale_bar(axes, sizes[-1])
    return canvas.png()


def gate_picture(segmentation: Segmentation, gate: GateMap, target: Target) -> bytes:
    """The axial view through the target: who weighs most, then each expert's weight as heat.

    Heat is faint where the expert's weight is the gate's lowest and full where it is the
    highest (``heat_range``), on the same scale for all experts of the gate.

    Returns:
        A PNG.
    """
    case, plane = segmentation.case, PLANES[0]
    box = brain_box(case.brain, case.grid)
    background = next(n for n in ("flair", "t2", "t1c", "t1") if case.available[SEQUENCES.index(n)])
    image = case.image[SEQUENCES.index(background)]
    grey = _grey_slice(image, case.brain, _window(image, case.brain), plane, target, box) * DIMMED
    brain = cut(case.brain, plane, target, box)
    weights = sample(gate.weights, gate.affine, plane, target, box, case.grid)
    masks = sample(segmentation.regions, case.native.affine, plane, target, box, case.grid)
    colours = np.array([to_rgb(expert_colour(index)) for index in range(len(gate.experts))])
    low, high = heat_range(gate)
    heats = (weights - low) / max(high - low, 1e-6)

    size = extent_mm(plane, box, case.grid)
    canvas = _Canvas([size] * (1 + len(gate.experts)), GATE_PIXELS_PER_MM, gap_mm=4.0)
    dominant = np.where(brain, 0.55, 0.0)
    panels = [("highest weight", _blend(grey, colours[weights.argmax(axis=0)], dominant), "#000000")]
    for index, (name, heat) in enumerate(zip(gate.experts, heats, strict=True)):
        opacity = np.where(brain, np.clip(heat, 0, 1) * HEAT_OPACITY, 0.0)
        panels.append((name, _blend(grey, colours[index], opacity), expert_colour(index)))
    for name, picture, colour in panels:
        axes = canvas.panel(size)
        axes.imshow(picture, extent=(0, size[0], size[1], 0), interpolation="nearest")
        _contours(axes, masks[:1], size, "#ffffff")
        style = _TEXT | {"color": text_on(colour), "backgroundcolor": colour}
        axes.set_title(_plain(name), loc="left", pad=5, **style)
    return canvas.png()


def heat_range(gate: GateMap) -> tuple[float, float]:
    """The lowest and highest weight of any expert of a gate, over its whole map."""
    return float(gate.weights.min()), float(gate.weights.max())


class _Canvas:
    """A black strip of panels, each as large as its content is in mm."""

    def __init__(
        self, sizes: list[tuple[float, float]], pixels_per_mm: float, gap_mm: float = GAP_MM
    ) -> None:
        self._gap = gap_mm
        self._width = sum(width for width, _ in sizes) + gap_mm * (len(sizes) + 1)
        self._height = max(height for _, height in sizes) + 2 * EDGE_MM
        inches = pixels_per_mm / DPI
        self._figure = Figure(
            figsize=(self._width * inches, self._height * inches), dpi=DPI, facecolor="black"
        )
        self._left = gap_mm

    def panel(self, size: tuple[float, float]) -> Any:
        """The next panel's axes, in mm from its top left corner."""
        width, height = size
        bottom = (self._height - height) / 2
        box = (
            self._left / self._width,
            bottom / self._height,
            width / self._width,
            height / self._height,
        )
        self._left += width + self._gap
        axes = self._figure.add_axes(box)
        axes.set_axis_off()
        return axes

    def png(self) -> bytes:
        canvas = FigureCanvasAgg(self._figure)
        buffer = io.BytesIO()
        canvas.print_png(buffer, pil_kwargs={"compress_level": 5})
        return buffer.getvalue()


def _window(image: np.ndarray, brain: np.ndarray) -> tuple[float, float]:
    """The values that are shown as black and as white: the lowest and highest percent are clipped."""
    inside = image[brain][::8]
    if inside.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(inside, (0.5, 99.7))
    return float(low), float(high)


def _grey_slice(
    image: np.ndarray, brain: np.ndarray, window: tuple[float, float], plane: Plane, target: Target, box: Any
) -> np.ndarray:
    """Grey values 0 to 1 of a slice, as colours ``[rows, columns, 3]``; black outside the brain."""
    low, high = window
    values = (cut(image, plane, target, box) - low) / max(high - low, 1e-6)
    grey = np.where(cut(brain, plane, target, box), np.clip(values, 0.06, 1.0), 0.0)
    return np.repeat(grey[..., None], 3, axis=-1)


def _blend(grey: np.ndarray, colour: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    return grey * (1 - opacity[..., None]) + colour * opacity[..., None]


def _contours(axes: Any, masks: np.ndarray, size: tuple[float, float], colour: str | None = None) -> None:
    rows, columns = masks.shape[1:]
    x = (np.arange(columns) + 0.5) * size[0] / columns
    y = (np.arange(rows) + 0.5) * size[1] / rows
    for mask, region in zip(masks, REGIONS, strict=False):
        if mask.any() and not mask.all():
            axes.contour(x, y, mask, levels=[0.5], colors=[colour or region.colour], linewidths=1.3)
    axes.set_xlim(0, size[0])
    axes.set_ylim(size[1], 0)


def _marks(axes: Any, plane: Plane) -> None:
    left, right, top, bottom = plane.marks
    places = ((left, -0.01, 0.5), (right, 1.01, 0.5), (top, 0.5, 1.01), (bottom, 0.5, -0.01))
    aligned = (("right", "center"), ("left", "center"), ("center", "bottom"), ("center", "top"))
    for (letter, x, y), (horizontal, vertical) in zip(places, aligned, strict=True):
        axes.text(x, y, letter, transform=axes.transAxes, ha=horizontal, va=vertical, **_TEXT)


def _scale_bar(axes: Any, size: tuple[float, float]) -> None:
    right, y = size[0], size[1] + EDGE_MM * 0.7
    axes.plot([right - SCALE_BAR_MM, right], [y, y], color="#c9d1d9", linewidth=2, clip_on=False)
    label = f"{SCALE_BAR_MM / 10:.0f} cm "
    axes.text(right - SCALE_BAR_MM, y, label, ha="right", va="center", **_TEXT)


def _plain(text: str) -> str:
    """Text that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")
