from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from humor.bundle.manifest import Manifest
from humor.errors import UsageError
from humor.inference.model import model_of_network
from humor.inference.postprocessing import limit_of
from humor.inference.segmenter import Segmenter
from humor.networks.build import build
from humor.networks.prediction import Prediction
from humor.study.case import Case
from humor_training.baselines import build_any
from humor_training.data.labelled_case import LabelledCase
from humor_training.evaluation.predictors import load_predictor
from humor_training.evaluation.subjects import only, packed_sources
from humor_training.export import export_bundle

ARCHITECTURE = {"name": "humor_student_pyramid", "dim": 24, "mlp": 48, "depth": 4, "heads": 3}


class Pointwise(nn.Module):
    """Logits that depend on nothing around a voxel, so that windows change nothing."""

    multiple = 32

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        assert all(edge % self.multiple == 0 for edge in image.shape[2:])
        return Prediction(image[:, 1:])


def write_run(folder: Path, architecture: dict[str, Any], network: nn.Module) -> Path:
    """A run's folder, as far as it is read again."""
    folder.mkdir(exist_ok=True)
    recipe = {"network": architecture, "stages": [{"steps": 1, "window": [32, 32, 32], "batch": 1}]}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    torch.save({"average": network.state_dict(), "step": 1, "seconds": 1.0}, folder / "checkpoint.pt")
    return folder


@pytest.fixture(scope="module")
def case() -> Case:
    image = np.random.default_rng(0).normal(size=(4, 48, 64, 80)).astype(np.float16)
    labels = np.zeros(image.shape[1:], np.uint8)
    return packed_sources([LabelledCase("a", image, np.ones(4, bool), labels)])[0].load().case


@pytest.mark.parametrize("window", ["whole", "32"])
def test_windows_and_padding_leave_every_voxel_where_it_was(case: Case, window: str) -> None:
    found = Segmenter(model_of_network(Pointwise()), "cpu", "fp32", window).run(case)
    logits = np.minimum.accumulate(case.image[1:], axis=0)
    np.testing.assert_allclose(found.probabilities, 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_array_equal(found.regions, found.probabilities >= limit_of(0.5))


def test_small_parts_are_dropped_on_demand(case: Case) -> None:
    dots = np.full_like(case.image, -5.0)
    dots[:, 4, 4, 4] = 5.0
    dots[:, 20:30, 20:30, 20:30] = 5.0
    model = model_of_network(Pointwise(), min_component_ml=0.01)
    found = Segmenter(model, "cpu", "fp32").run(replace(case, image=dots))
    assert found.regions[0].sum() == 1000


@pytest.mark.parametrize(("window", "mirror"), [("whole", False), ("32", False), ("32", True)])
def test_a_run_and_its_exported_bundle_give_the_same(
    tmp_path: Path, case: Case, window: str, mirror: bool
) -> None:
    """Both through the same path; only the bundle's weights are rounded to half precision."""
    torch.manual_seed(0)
    network = build(ARCHITECTURE).eval()
    run = write_run(tmp_path / "run", ARCHITECTURE, network)
    manifest = Manifest("small", "random", kind="student", architecture=ARCHITECTURE, window=(32, 32, 32))
    bundle = export_bundle(network, manifest, tmp_path / "small", with_graph=False)
    ours, facts = load_predictor(str(run), "cpu", window, "fp32", mirror=mirror)
    theirs, others = load_predictor(str(tmp_path / "small"), "cpu", window, "fp32", mirror=mirror)
    assert isinstance(ours, Segmenter) and isinstance(theirs, Segmenter)
    assert others == {"weights": bundle.sha256, "thresholds": "WT 0.5, TC 0.5, ET 0.5"}
    assert facts["thresholds"] == others["thresholds"]
    part = only(case, ("t1", "flair"))
    one, other = ours.run(part), theirs.run(part)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=2e-3)
    assert (one.regions != other.regions).mean() < 2e-3
    assert one.device == other.device


def test_a_runs_folder_is_measured_with_its_averaged_weights(tmp_path: Path, case: Case) -> None:
    architecture = {"name": "monai_segresnet", "init_filters": 8, "blocks_down": [1, 1], "blocks_up": [1]}
    network = build_any(architecture).eval()
    write_run(tmp_path, architecture, network)
    predictor, facts = load_predictor(str(tmp_path), "cpu")
    expected = Segmenter(model_of_network(network), "cpu", "fp32", "whole").run(case).probabilities
    np.testing.assert_allclose(predictor.run(case).probabilities, expected)
    torch.save(
        {"average": build_any(architecture).state_dict(), "step": 1, "seconds": 1.0}, tmp_path / "best.pt"
    )
    best, others = load_predictor(str(tmp_path), "cpu", best=True)
    assert others["weights"] != facts["weights"]
    assert not np.allclose(best.run(case).probabilities, expected)
    with pytest.raises(UsageError, match="'auto', 'whole'"):
        load_predictor(str(tmp_path), "cpu", "large")


def test_only_leaves_nothing_of_the_other_sequences(case: Case) -> None:
    part = only(case, ("t1c",))
    assert part.available == (False, True, False, False)
    assert not part.image[[0, 2, 3]].any()
    np.testing.assert_array_equal(part.image[1], case.image[1])


def test_wrong_windows_and_precisions_are_refused() -> None:
    with pytest.raises(UsageError, match="multiple of 32"):
        Segmenter(model_of_network(Pointwise()), "cpu", window="48")
    with pytest.raises(UsageError, match="fp32"):
        Segmenter(model_of_network(Pointwise()), "cpu", "fp8")
