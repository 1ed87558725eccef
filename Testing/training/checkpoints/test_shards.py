"""A checkpoint that travels in small files: what is exact, what is rounded, what happens to a lost file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from humor.errors import InputError
from humor_training.checkpoints import CHECKPOINT
from humor_training.checkpoints.shards import join_shards, write_shards
from humor_training.data.labelled_case import LabelledCase
from humor_training.data.packing import load_packed
from humor_training.recipe import Recipe, Stage
from humor_training.run.batches import Batches
from humor_training.run.processes import make_fabric
from humor_training.run.training import Training

RECIPE = Recipe(
    {
        "name": "humor_student_pyramid",
        **{"dim": 24, "mlp": 48, "depth": 4, "heads": 3, "feature_size": 4},
    },
    (Stage(8, (32, 32, 32), 1),),
    warmup=0,
    precision="fp32",
)
SMALL = 100_000


@pytest.fixture(scope="module")
def cases(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Sequence[LabelledCase]:
    return load_packed(studies, tmp_path_factory.mktemp("packed"))


def trained(cases: Sequence[LabelledCase], steps: int, folder: Path | None = None) -> Training:
    training = Training(RECIPE, make_fabric("cpu"))
    if folder is not None:
        training.load(folder / CHECKPOINT)
    batches = Batches(cases, RECIPE, training.step, 0, torch.device("cpu"))
    for _ in range(steps):
        training.one_step(batches)
    batches.close()
    return training


@pytest.fixture(scope="module")
def state(cases: Sequence[LabelledCase], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("run") / CHECKPOINT
    trained(cases, 3).save(path)
    return torch.load(path, weights_only=True)


def halved(value: torch.Tensor) -> torch.Tensor:
    return value.half().float() if value.ndim > 1 else value


def joined(folder: Path) -> dict[str, Any]:
    assert join_shards(folder)
    return torch.load(folder / CHECKPOINT, weights_only=True)


def test_weights_are_halved_and_what_moves_them_has_8_bits(state: dict[str, Any], tmp_path: Path) -> None:
    files = write_shards(state, tmp_path, max_bytes=SMALL)
    largest = max(value.numel() * 2 for value in state["network"].values())
    assert len(files) > 3
    assert all(path.stat().st_size < max(SMALL, largest + 4096) for path in files)
    back = joined(tmp_path)
    assert back["step"] == 3 and back["seconds"] == state["seconds"] and back["best"] == state["best"]
    for name, value in state["network"].items():
        assert torch.equal(back["network"][name], halved(value))
        ahead = float((state["average"][name] - halved(value)).abs().max())
        off = float((back["average"][name] - state["average"][name]).abs().max())
        assert off <= ahead * 2**-4 + 1e-7
    assert back["optimiser"]["param_groups"] == state["optimiser"]["param_groups"]
    for number, moments in state["optimiser"]["state"].items():
        found = back["optimiser"]["state"][number]
        assert found["step"] == moments["step"]
        first, second = moments["exp_avg"], moments["exp_avg_sq"].sqrt()
        torch.testing.assert_close(found["exp_avg"], first, rtol=2**-4, atol=float(first.abs().max()) * 1e-5)
        root = found["exp_avg_sq"].sqrt()
        assert bool((root > 0).all()) or not second.any()
        torch.testing.assert_close(root, second, rtol=2**-4, atol=float(second.max()) * 1e-5)
    size = sum(value.numel() for value in state["network"].values())
    assert sum(path.stat().st_size for path in files) < 5 * size + 300_000  # headers of a tiny network


def test_a_training_goes_on_from_shards_nearly_as_if_it_had_never_been_stopped(
    state: dict[str, Any], cases: Sequence[LabelledCase], tmp_path: Path
) -> None:
    write_shards(state, tmp_path / "shards")
    join_shards(tmp_path / "shards")
    gone_on, expected = trained(cases, 2, tmp_path / "shards"), trained(cases, 5)
    assert gone_on.step == expected.step == 5
    start = state["network"]
    for name, value in expected.network.state_dict().items():
        moved, off = (
            (value - start[name]).abs().mean(),
            (gone_on.network.state_dict()[name] - value).abs().mean(),
        )
        rounding = 2**-11 * value.abs().mean()
        assert off <= 0.2 * moved + rounding, name


def test_weights_alone_become_the_weights_and_moments_begin_anew(
    state: dict[str, Any], cases: Sequence[LabelledCase], tmp_path: Path
) -> None:
    files = write_shards(state, tmp_path, weights_only=True)
    size = sum(value.numel() for value in state["average"].values())
    assert sum(path.stat().st_size for path in files) < 2 * size + 100_000
    back = joined(tmp_path)
    assert back["optimiser"] is None
    for name, value in state["average"].items():
        assert torch.equal(back["network"][name], halved(value))
        assert torch.equal(back["average"][name], back["network"][name])
    assert trained(cases, 1, tmp_path).step == 4


def test_a_checkpoint_that_is_there_is_kept(state: dict[str, Any], tmp_path: Path) -> None:
    write_shards(state, tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"mine")
    assert join_shards(tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == b"mine"
    assert not join_shards(tmp_path / "nothing")


def test_a_lost_or_damaged_shard_is_named(state: dict[str, Any], tmp_path: Path) -> None:
    files = write_shards(state, tmp_path, max_bytes=SMALL)
    whole = files[1].read_bytes()
    files[1].write_bytes(whole[:1000])
    with pytest.raises(InputError, match=rf"{files[1].name}: this file is damaged"):
        join_shards(tmp_path)
    files[1].unlink()
    with pytest.raises(InputError, match=rf"{len(files) - 1} of the {len(files)} files"):
        join_shards(tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()


def test_fewer_shards_replace_more(state: dict[str, Any], tmp_path: Path) -> None:
    write_shards(state, tmp_path, max_bytes=SMALL)
    files = write_shards(state, tmp_path)
    assert sorted(tmp_path.iterdir()) == files
