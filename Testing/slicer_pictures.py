"""Takes the pictures of the module: ``python Testing/slicer_pictures.py FOLDER [--case STUDY]``.

The panel before, during and after a run and with its routing view, the slice views with segments,
and an overlay of the experts. The scene and the slices are Slicer's own (slicer-core); the panel is the
real one in Qt, drawn off-screen by the emulation in ``slicer/emulation``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"
ORIENTATIONS = ("Axial", "Coronal", "Sagittal")
EDGE = 420


def main() -> int:
    """Open the panel, segment a study by clicks, and write the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--case", type=Path, default=SAMPLE, help="folder of a study")
    parser.add_argument("--gate", help="the gate shown; default: the one that differs most in the tumour")
    given = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.pop("HUMOR_SCREENSHOTS", None)
    sys.path[:0] = [str(REPOSITORY / place) for place in ("HUMoRSegment", "Testing/slicer", "Testing")]
    from emulation import mrml

    slicer = mrml.start()
    from emulation.studies import load_case
    from emulation.window import Window
    from panel.panel_driver import PanelDriver

    given.folder.mkdir(parents=True, exist_ok=True)
    volumes = load_case(slicer.mrmlScene, given.case)
    window = Window()
    panel = PanelDriver(window, given.folder)
    panel.click("guessButton")
    panel.settle()
    panel.screenshot("panel-before")
    panel.click_when_ready("segmentButton")
    panel.wait(lambda: (panel.widget.window.run.controls._run.task.fraction or 0) > 0.3)
    panel.screenshot("panel-during")
    panel.wait(lambda: not panel.busy())
    panel.screenshot("panel-after")
    _show_background(slicer, volumes)
    segmentation = panel.parameters.segmentation
    _slices(given.folder / "slices.png", _middle(segmentation))
    _routing(given.folder, panel, segmentation, given.gate)
    _single(panel, volumes)
    window.close()
    return 0


def _show_background(slicer: Any, volumes: dict[str, Any]) -> None:
    volume = volumes.get("t1c") or next(iter(volumes.values()))
    slicer.util.setSliceViewerLayers(background=volume, fit=True)


def _middle(segmentation: Any) -> tuple[float, float, float]:
    """The centre of the tumour core, or of the whole tumour, RAS in mm."""
    for key in ("TC", "WT"):
        centre = segmentation.GetSegmentCenterRAS(key)
        if centre is not None and any(centre):
            return (float(centre[0]), float(centre[1]), float(centre[2]))
    raise SystemExit("No tumour was found: nothing to show.")


def _slices(path: Path, ras: tuple[float, float, float]) -> None:
    """All three slice views side by side."""
    _side_by_side(path, [_slice(path.with_name(f"{name}.png"), name, ras) for name in ORIENTATIONS])


def _slice(path: Path, orientation: str, ras: tuple[float, float, float]) -> Any:
    from emulation.slice_view import render
    from PIL import Image

    render(path, orientation, ras, EDGE)
    picture = Image.open(path).convert("RGB")
    path.unlink()
    return picture


def _side_by_side(path: Path, pictures: list[Any]) -> None:
    from PIL import Image

    whole = Image.new("RGB", (EDGE * len(pictures), EDGE))
    for index, picture in enumerate(pictures):
        whole.paste(picture, (EDGE * index, 0))
    whole.save(path, optimize=True)


def _routing(folder: Path, panel: Any, segmentation: Any, gate: str | None) -> None:
    """The dominant expert and one expert's weight over the image, and the routing view."""
    from HUMoRSegmentLib.routing.gates import find_gate
    from HUMoRSegmentLib.routing.overlay import show_dominant, show_expert
    from HUMoRSegmentLib.routing.weights import gates_by_difference
    from HUMoRSegmentLib.scene.views import hide_overlay

    shown = gate or gates_by_difference(segmentation)[0][0]
    segmentation.GetDisplayNode().SetOpacity2DFill(0.0)
    ras = _middle(segmentation)
    show_dominant(segmentation, shown, 0.45)
    dominant = _slice(folder / "dominant.png", "Axial", ras)
    show_expert(segmentation, shown, find_gate(segmentation, shown).experts[0], 0.6)
    expert = _slice(folder / "expert.png", "Axial", ras)
    hide_overlay(segmentation)
    _side_by_side(folder / "routing.png", [dominant, expert])
    panel.parameters.gate = shown
    panel.parameters.show_overlay = "dominant"
    panel.open_section_of(panel.ui.gateTableButton)
    panel.settle()
    panel.screenshot("panel-routing")


def _single(panel: Any, volumes: dict[str, Any]) -> None:
    """One sequence alone, T1c where it is there."""
    panel.ui.routingSection.collapsed = True
    name = "t1c" if "t1c" in volumes else next(iter(volumes))
    panel.choose({name: volumes[name]})
    panel.click_when_ready("segmentButton")
    panel.wait(lambda: not panel.busy())
    panel.screenshot("panel-single")


if __name__ == "__main__":
    sys.exit(main())
