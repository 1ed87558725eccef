"""Every system, small and with random weights: a bundle on disk, a study in, a folder with routing out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from torch import nn

from engine.cli.small_study import write_study
from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.inference.segmenter import Segmenter
from humor.networks.build import build
from humor.options import SegmentOptions
from humor.pipeline import segment_files
from humor.sequences import SEQUENCES
from humor_training.export import numpy_weights

UNETR: dict[str, Any] = {"dim": 48, "mlp": 96, "depth": 4, "feature_size": 4, "heads": 3}
SYSTEMS: dict[str, dict[str, Any]] = {
    "humor_teacher": UNETR,
    "humor_student_pyramid": UNETR,
    "m4oe": {
        "dims": [8, 12, 16],
        "depths": [2, 1, 1],
        "decoder_depths": [1, 1],
        "attention_heads": [2, 2, 2],
        "mlp_ratio": 2,
        "window": 3,
        "head_channels": 8,
    },
    "mome": {"widths": [4, 4, 6, 6, 8], "gate_width": 4},
    "lora_moe": {
        "dims": [8, 12, 16, 24],
        "depths": [1, 1, 1, 1],
        "heads": [1, 2, 2, 2],
        "mlp_ratio": 2,
        "width": 12,
        "codewords": 6,
    },
}
MISSING = "t2"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = write_study(tmp_path_factory.mktemp("study"))
    return {name: folder / f"{name}.nii.gz" for name in SEQUENCES if name != MISSING}


def written(name: str, folder: Path) -> nn.Module:
    """The network that was saved as a bundle, with gates that differ from place to place."""
    torch.manual_seed(0)
    architecture = {"name": name, **SYSTEMS[name]}
    network = build(architecture).eval()
    for parameter_name, parameter in network.named_parameters():
        if "gate" in parameter_name:
            torch.nn.init.normal_(parameter, std=0.5)
    kind = "student" if "student" in name else "teacher"
    manifest = Manifest("small", "random", kind, architecture, window=(32, 32, 32))
    save_bundle(folder, manifest, numpy_weights(network))
    return network


@pytest.mark.parametrize("window", ["whole", "32"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_bundle_of_any_system_segments_a_study_and_writes_its_routing(
    name: str, window: str, files: dict[str, Path], tmp_path: Path
) -> None:
    network = written(name, tmp_path / "small")
    segmenter = Segmenter(load_bundle(tmp_path / "small"), "cpu", "fp32", window)
    outcome = segment_files(files, tmp_path / "out", SegmentOptions(page=True), segmenter=segmenter)
    case = outcome.segmentation.case
    with torch.no_grad():
        flags = torch.tensor([[sequence in files for sequence in SEQUENCES]])
        own = network(torch.zeros(1, 4, 32, 32, 32), flags).routing

    table = json.loads((tmp_path / "out" / "routing.json").read_text(encoding="utf-8"))
    facts = [(entry["name"], tuple(entry["experts"])) for entry in table["gates"]]
    assert own and facts == [(gate.name, gate.experts) for gate in own]
    for entry, gate in zip(table["gates"], own, strict=True):
        image = nibabel.load(tmp_path / "out" / entry["file"])
        assert image.shape[3] == len(gate.experts)
        np.testing.assert_allclose(np.asarray(image.dataobj).sum(3), 1, atol=1e-4)
        to_voxels = np.linalg.inv(case.grid.affine) @ image.affine
        begin = to_voxels @ [-0.5, -0.5, -0.5, 1]
        end = to_voxels @ [*(np.array(image.shape[:3]) - 0.5), 1]
        # The map begins with the case and covers it, with no whole place too many.
        np.testing.assert_allclose(begin[:3], -0.5, atol=1e-4)
        assert (end[:3] > np.array(case.grid.shape) - 0.5 - 1e-3).all()
        assert (end[:3] - np.diag(to_voxels)[:3] < np.array(case.grid.shape) - 0.5).all()
