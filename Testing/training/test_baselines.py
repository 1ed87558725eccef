from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from humor.errors import BundleError
from humor.networks.build import count_macs, count_parameters
from humor.networks.unetr import Unetr
from humor_training.baselines import BASELINES, Baseline, build_any
from humor_training.data.labelled_case import LabelledCase
from humor_training.recipe import Recipe, Stage
from humor_training.run.fit import CaseSplit, fit
from humor_training.run.processes import make_fabric

EDGE = 64
SMALL: dict[str, dict[str, Any]] = {
    "monai_unetr": {"window": EDGE, "feature_size": 4, "hidden_size": 48, "mlp_dim": 96, "num_heads": 4},
    "monai_segresnet": {"init_filters": 8, "blocks_down": (1, 1, 1), "blocks_up": (1, 1)},
    "monai_dynunet": {"filters": (4, 8, 16, 16)},
    "monai_swin_unetr": {"feature_size": 12, "depths": (1, 1, 1, 1)},
}


def small(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_any({"name": name, **SMALL[name]})


def random_image(edge: int = EDGE) -> torch.Tensor:
    return torch.randn(1, 4, edge, edge, edge, generator=torch.Generator().manual_seed(0))


def test_every_baseline_has_a_small_form_here() -> None:
    assert set(SMALL) == set(BASELINES)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_learns_and_costs_are_counted(name: str) -> None:
    network = small(name).train()
    prediction = network(random_image(), torch.ones(1, 4, dtype=torch.bool))
    assert prediction.logits.shape == (1, 3, EDGE, EDGE, EDGE)
    assert prediction.routing == []
    prediction.logits.square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert count_macs(network, (EDGE, EDGE, EDGE)) > 10e6
    assert count_parameters(network) == sum(p.numel() for p in network.parameters()) > 10_000


@pytest.mark.parametrize("name", BASELINES)
def test_the_loop_trains_saves_and_resumes_a_baseline(name: str, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    labels = np.zeros((EDGE, EDGE, EDGE), np.uint8)
    labels[20:40, 20:40, 20:40] = 4
    image = (chance.normal(size=(4, *labels.shape)) + labels).astype(np.float16)
    cases = [LabelledCase("case", image, np.ones(4, bool), labels)]
    stages = (Stage(2, (EDGE, EDGE, EDGE), 1),)
    recipe = Recipe({"name": name, **SMALL[name]}, stages, precision="fp32")
    first = fit(recipe, CaseSplit(cases, []), tmp_path, make_fabric("cpu"), tell=lambda _: None)
    before = small(name).state_dict()
    assert any(not torch.equal(value, before[key]) for key, value in first.ema.state_dict().items())
    longer = replace(recipe, stages=(Stage(3, (EDGE, EDGE, EDGE), 1),))
    told: list[str] = []
    second = fit(longer, CaseSplit(cases, []), tmp_path, make_fabric("cpu"), tell=told.append)
    assert second.step == 3 and told[0] == "continuing from step 2 of 3"


@pytest.mark.parametrize("name", BASELINES)
def test_missing_sequences_cannot_reach_the_result(name: str) -> None:
    network = small(name).eval()
    available = torch.tensor([[True, False, True, False]])
    image, other = random_image(), random_image()
    other[:, [1, 3]] = float("nan")
    with torch.no_grad():
        first, second = network(image, available).logits, network(other, available).logits
        everything = network(image, torch.ones(1, 4, dtype=torch.bool)).logits
    torch.testing.assert_close(first, second)
    assert not torch.allclose(first, everything)


@pytest.mark.parametrize("name", sorted(set(BASELINES) - {"monai_unetr"}))
def test_edges_may_be_any_multiple_that_the_network_states(name: str) -> None:
    network = small(name).eval()
    assert isinstance(network, Baseline)
    edges = (2 * network.multiple, 3 * network.multiple, 2 * network.multiple)
    with torch.no_grad():
        logits = network(torch.zeros(1, 4, *edges), torch.ones(1, 4, dtype=torch.bool)).logits
    assert logits.shape[2:] == edges


def test_unetrs_fixed_window_slides_over_larger_images_but_is_trained_alone() -> None:
    network = small("monai_unetr").eval()
    available = torch.ones(1, 4, dtype=torch.bool)
    image = random_image(80)[:, :, :EDGE, :EDGE]
    with torch.no_grad():
        whole = network(image, available).logits
        first = network(image[..., :EDGE], available).logits
    assert whole.shape == (1, 3, EDGE, EDGE, 80)
    # Voxels that only the first window holds.
    torch.testing.assert_close(whole[..., :8], first[..., :8], rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="windows of 64³"):
        network.train()(image, available)


def test_the_engines_networks_are_built_by_the_same_call() -> None:
    network = build_any({"name": "humor_student_pyramid", "dim": 24, "mlp": 48, "depth": 4, "heads": 3})
    assert isinstance(network, Unetr) and network.config.dim == 24


def test_unknown_names_and_numbers_are_refused() -> None:
    with pytest.raises(BundleError, match=r"Unknown architecture 'unet'.*humor_teacher.*monai_unetr"):
        build_any({"name": "unet"})
    with pytest.raises(BundleError, match="'monai_segresnet' has no number called depth"):
        build_any({"name": "monai_segresnet", "depth": 3})
