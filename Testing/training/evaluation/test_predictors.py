from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from humor.bundle.manifest import Manifest
from humor.errors import UsageError
from humor.inference.segmenter import Segmenter
from humor.inference.torch_backend import load_network
from humor.networks.build import build
from humor.networks.prediction import Prediction
from humor.study.case import Case
from humor_training.baselines import build_any
from humor_training.data.labelled_case import LabelledCase
from humor_training.evaluation.predictors import NetworkPredictor, load_predictor
from humor_training.evaluation.subjects import only, packed_sources
from humor_training.export import export_bundle

ARCHITECTURE = {"name": "humor_student_pyramid", "dim": 24, "mlp": 48, "depth": 4, "heads": 3}


class Pointwise(nn.Module):
    """Logits that depend on nothing around a voxel, so that windows change nothing."""

    multiple = 32

    def forward(self, image: Tensor, available: Tensor) -> Prediction:
        assert all(edge % self.multiple == 0 for edge in image.shape[2:])
        return Prediction(image[:, 1:])


@pytest.fixture(scope="module")
def case() -> Case:
    image = np.random.default_rng(0).normal(size=(4, 48, 64, 80)).astype(np.float16)
    labels = np.zeros(image.shape[1:], np.uint8)
    return packed_sources([LabelledCase("a", image, np.ones(4, bool), labels)])[0].load().case


@pytest.mark.parametrize("window", [None, 32])
def test_windows_and_padding_leave_every_voxel_where_it_was(case: Case, window: int | None) -> None:
    found = NetworkPredictor(Pointwise(), "cpu", window).run(case)
    logits = np.minimum.accumulate(case.image[1:], axis=0)
    np.testing.assert_allclose(found.probabilities, 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_array_equal(found.regions, logits >= 0)


def test_small_parts_are_dropped_on_demand(case: Case) -> None:
    dots = np.full_like(case.image, -5.0)
    dots[:, 4, 4, 4] = 5.0
    dots[:, 20:30, 20:30, 20:30] = 5.0
    found = NetworkPredictor(Pointwise(), "cpu", min_component_ml=0.01).run(replace(case, image=dots))
    assert found.regions[0].sum() == 1000


@pytest.mark.parametrize(("window", "mirror"), [("whole", False), ("32", False), ("32", True)])
def test_a_network_is_measured_as_the_engine_would_run_it(
    tmp_path: Path, case: Case, window: str, mirror: bool
) -> None:
    torch.manual_seed(0)
    manifest = Manifest("small", "random", kind="student", architecture=ARCHITECTURE, window=(32, 32, 32))
    bundle = export_bundle(build(ARCHITECTURE), manifest, tmp_path / "small", with_graph=False)
    part = only(case, ("t1", "flair"))
    theirs = Segmenter(bundle, "cpu", "fp32", window, mirror).run(part)
    edge = None if window == "whole" else 32
    ours = NetworkPredictor(load_network(bundle), "cpu", edge, mirror=mirror).run(part)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-5)
    assert (ours.regions != theirs.regions).mean() < 1e-4
    found, facts = load_predictor(str(tmp_path / "small"), "cpu", window, "fp32")
    assert isinstance(found, Segmenter)
    assert facts == {"weights": bundle.sha256, "thresholds": "WT 0.5, TC 0.5, ET 0.5"}


def test_a_runs_folder_is_measured_with_its_averaged_weights(tmp_path: Path, case: Case) -> None:
    architecture = {"name": "monai_segresnet", "init_filters": 8, "blocks_down": [1, 1], "blocks_up": [1]}
    network = build_any(architecture).eval()
    recipe = {"network": architecture, "stages": [{"steps": 1, "window": [32, 32, 32], "batch": 1}]}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    torch.save({"average": network.state_dict(), "step": 1, "seconds": 1.0}, tmp_path / "checkpoint.pt")
    predictor, facts = load_predictor(str(tmp_path), "cpu")
    expected = NetworkPredictor(network, "cpu").run(case).probabilities
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
        NetworkPredictor(Pointwise(), "cpu", 48)
    with pytest.raises(UsageError, match="fp32"):
        NetworkPredictor(Pointwise(), "cpu", precision="fp8")
