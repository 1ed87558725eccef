"""What is compared: each method is a command that turns image files into a label map on disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        name: as it is chosen on the command line.
        title: as it stands in the table.
        network: of ``other_network``; empty for HUMoR itself.
        mode: ``whole`` volume or ``windows``.
    """

    name: str
    title: str
    network: str = ""
    mode: str = "whole"

    def command(
        self, files: Mapping[str, Path], output: Path, window: int, model: str | None
    ) -> tuple[list[str], Path]:
        """The command to run and the label map that it will write into the folder ``output``."""
        if not self.network:
            images = [word for name, path in files.items() for word in (f"--{name}", str(path))]
            chosen = ["--model", model] if model else []
            command = ["-m", "humor", "segment", *images, "--output", str(output), "--no-report", *chosen]
            return [sys.executable, *command], output / "segmentation.nii.gz"
        label_map = output / "label_map.nii.gz"
        options = ["--network", self.network, "--mode", self.mode, "--window", str(window)]
        paths = [str(path) for path in files.values()]
        command = ["-m", "benchmarks.other_network", *options, "--output", str(label_map), *paths]
        return [sys.executable, *command], label_map


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("humor", "HUMoR"),
        Method("segresnet-whole", "SegResNet-16, whole volume (as MONAI's BraTS bundle)", "segresnet"),
        Method("segresnet-windows", "SegResNet-16, windows", "segresnet", "windows"),
        Method("dynunet-windows", "DynUNet (nnU-Net), windows", "dynunet", "windows"),
        Method("swinunetr-windows", "SwinUNETR-24, windows", "swinunetr", "windows"),
        Method("unetr-windows", "UNETR, windows", "unetr", "windows"),
    )
}
