"""Draws the icon of the extension and of its module: ``python Testing/draw_icon.py``.

A brain seen from above with a tumour's three nested regions, and around it a ring of three experts'
weights; all in the colours that results have.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from PIL import Image, ImageDraw

REPOSITORY = Path(__file__).resolve().parents[1]
ICONS = (
    REPOSITORY / "Resources" / "HUMoR.png",
    REPOSITORY / "HUMoRSegment" / "Resources" / "Icons" / "HUMoRSegment.png",
)
SIZE = 128
FINER = 8  # drawn larger and shrunk, for smooth edges

WEIGHTS = (0.46, 0.31, 0.23)
GAP_DEGREES = 7.0
RING, RING_WIDTH = 63.0, 9.0
TISSUE, FOLD = "#dfe3e8", "#8b97a6"
TUMOUR = (82.0, 57.0)
RADII = (18.0, 12.5, 7.0)  # WT, TC, ET

Point = tuple[float, float]


def draw() -> Image.Image:
    """The icon, ``SIZE`` pixels square, on nothing."""
    sys.path.insert(0, str(REPOSITORY / "HUMoRSegment"))
    from humor.output.report_sections import expert_colour
    from humor.regions import REGIONS

    image = Image.new("RGBA", (SIZE * FINER, SIZE * FINER))
    pen = ImageDraw.Draw(image)
    _ring(pen, [expert_colour(number) for number in range(len(WEIGHTS))])
    _brain(pen)
    for region, radius in zip(REGIONS, RADII, strict=True):
        colour = tuple(round(255 * value) for value in region.colour)
        pen.polygon(_finer(_blob(TUMOUR, radius)), fill=colour)
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _ring(pen: ImageDraw.ImageDraw, colours: list[str]) -> None:
    middle = SIZE / 2
    box = [(middle - RING) * FINER] * 2 + [(middle + RING) * FINER] * 2
    begin = -90 + GAP_DEGREES / 2
    for weight, colour in zip(WEIGHTS, colours, strict=True):
        end = begin + 360 * weight
        pen.arc(box, begin, end - GAP_DEGREES, fill=colour, width=round(RING_WIDTH * FINER))
        begin = end


def _brain(pen: ImageDraw.ImageDraw) -> None:
    """Two hemispheres with folded edges, the nose towards the top."""
    outline = [_on_brain(math.radians(degrees)) for degrees in range(360)]
    pen.polygon(_finer(outline), fill=TISSUE)
    pen.line(_finer([*outline, outline[0], outline[1]]), fill=FOLD, width=round(3 * FINER), joint="curve")
    pen.line(_finer([(64, 21), (64, 107)]), fill=FOLD, width=round(3 * FINER))
    for centre, radius, begin, end in (
        ((42, 41), 10, 20, 190),
        ((35, 65), 10, -60, 110),
        ((47, 87), 10, 150, 320),
        ((82, 92), 10, 190, 340),
    ):
        arc = [_at(centre, radius, math.radians(degrees)) for degrees in range(begin, end)]
        pen.line(_finer(arc), fill=FOLD, width=round(2.6 * FINER), joint="curve")


def _on_brain(angle: float) -> Point:
    """A point of the brain's edge; the bumps are the folds."""
    bump = 1.0 + 0.022 * math.cos(14 * angle)
    dent = 1.0 - 0.07 * math.exp(-((math.cos(angle) / 0.13) ** 2))  # where the hemispheres part
    return 64 + 40 * math.cos(angle) * bump, 64 + 47 * math.sin(angle) * bump * dent


def _blob(centre: Point, radius: float) -> list[Point]:
    return [
        _at(centre, radius * (1 + 0.07 * math.sin(3 * t + 0.6) + 0.04 * math.cos(5 * t)), t)
        for t in (math.radians(degrees) for degrees in range(360))
    ]


def _at(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _finer(points: list[Point]) -> list[Point]:
    return [(x * FINER, y * FINER) for x, y in points]


if __name__ == "__main__":
    for path in ICONS:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw().save(path, optimize=True)
