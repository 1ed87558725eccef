from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from humor_training.commands import pictures

from .conftest import brain_case


def test_a_sheet_shows_grey_images_with_coloured_outlines(tmp_path: Path) -> None:
    from PIL import Image

    case = brain_case("made up", (32.0, 40.0, 32.0))
    panels = [pictures._panel("plain", case, "T1c", axis, 32) for axis in range(3)]
    panels.append(pictures._panel("outlined", case, "FLAIR", 0, 32, outlined=True))
    pictures._save(panels, 2, tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(int)
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    coloured = np.ptp(pixels, axis=-1) > 40
    assert coloured[height:, width:].sum() > 50
    assert coloured[:height].sum() == 0
    assert pixels[:height, :width].max() > 200


def test_the_slice_shown_is_the_one_with_most_of_the_tumour() -> None:
    case = brain_case("made up", (30.0, 44.0, 20.0))
    found = [pictures._middle(case.labels, axis) for axis in range(3)]
    assert np.abs(np.subtract(found, (30, 44, 20))).max() <= 1


def test_the_command_needs_a_folder_and_takes_templates() -> None:
    parser = argparse.ArgumentParser()
    pictures.add_parsers(parser.add_subparsers())
    args = parser.parse_args(["pictures", "out", "--templates", "brains"])
    assert args.output == Path("out") and args.templates == Path("brains") and args.run is pictures.run
