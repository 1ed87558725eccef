"""The application's home folder, with the one colour file that label maps use by default. Made up."""

from __future__ import annotations

import colorsys
from pathlib import Path

COLOURS = 64


def make_home(folder: Path) -> Path:
    """Write the home folder of the emulated application, inside a folder."""
    home = folder / "home"
    colours = home / "share" / "ColorFiles"
    colours.mkdir(parents=True)
    lines = ["# Color table file GenericColors.txt", "0 Background 0 0 0 0"]
    for index in range(1, COLOURS):
        red, green, blue = (
            round(255 * part) for part in colorsys.hsv_to_rgb(index * 0.381966 % 1.0, 0.7, 0.9)
        )
        lines.append(f"{index} region_{index} {red} {green} {blue} 255")
    (colours / "GenericColors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home
