from __future__ import annotations

from pathlib import Path

import pytest

from humor.errors import UsageError
from humor_training.baselines import build_any
from humor_training.recipe import Recipe, Stage, read_recipe

RECIPES = Path(__file__).resolve().parents[2] / "Training" / "humor_training" / "recipes"
ALL = sorted(RECIPES.rglob("*.yaml"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_recipes_that_ship_can_be_read_and_fit_their_networks(path: Path) -> None:
    recipe = read_recipe(path)
    network = build_any(recipe.network)
    multiple = getattr(network, "multiple", 16)
    assert recipe.stage_at(recipe.steps - 1) == recipe.stages[-1]
    for stage in recipe.stages:
        assert all(edge % multiple == 0 for edge in stage.window)
        assert stage.phase in getattr(network, "phases", ("",))


def test_there_is_a_recipe_for_each_system_ablation_and_baseline() -> None:
    assert len(ALL) > 15


def test_student_and_control_differ_by_the_teacher_only() -> None:
    distilled, control = (
        read_recipe(RECIPES / f"student_{name}.yaml") for name in ("distilled", "from_scratch")
    )
    same = ("network", "stages", "learning_rate", "warmup", "augmentation", "loss", "seed", "keeps_dropped")
    assert all(getattr(distilled, name) == getattr(control, name) for name in same)


def test_whole_brains_lie_between_the_windows_of_a_stage() -> None:
    stages = (
        Stage(5, (96, 96, 96), 2),
        Stage(6, (64, 64, 64), 2, brain_every=3, brain_window=(144, 176, 144)),
    )
    recipe = Recipe({"name": "humor_student"}, stages)
    brain = ((144, 176, 144), 1)
    assert [recipe.drawn_at(step) for step in range(5)] == [((96, 96, 96), 2)] * 5
    assert [recipe.drawn_at(step) == brain for step in range(5, 11)] == [False, False, True] * 2
    assert recipe.drawn_at(11) == (
        (64, 64, 64),
        2,
    )  # beyond the end
    assert stages[0].largest == (96, 96, 96) and stages[1].largest == (144, 176, 144)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lerning_rate: 1", "lerning_rate"),
        ("loss: {balence: 1}", "balence"),
        ("schedule: linear", "schedule: it should be 'cosine' or 'poly', not 'linear'"),
        ("stages: [{steps: 1, window: [16, 16, 16], batch: 1, regions: [XX]}]", "XX"),
        ("stages: [{steps: 1, window: [16, 16, 16], batch: 1, brain_every: -1}]", "brain_every"),
        ("stages: []", "stages: at least one is needed"),
        ("stages: [{steps: 1, window: [16, 16], batch: 1}]", "stages[0].window"),
        ("stages: [{steps: 0, window: [16, 16, 16], batch: 1}]", "stages[0].steps: it should be greater"),
        ("stages: [{steps: 1, batch: 1}]", "stages[0].window is missing"),
        ("monitored: [[t3]]", "t3"),
        ("gate_share: -0.1", "gate_share: it should be greater than or equal to 0, not -0.1"),
        ("warmup: soon", "warmup: it should be a valid integer"),
        ("accumulate: 0", "accumulate: it should be greater than or equal to 1, not 0"),
        ("ema: 7", "ema: it should be less than 1, not 7"),
        ("network: {dim: 24}", "network: it needs the name of a network"),
        (
            "augmentation: {spatial: {centers: {WT: 1}}}",
            "unknown augmentation.spatial.centers; known: centres",
        ),
        ("augmentation: {intensity: {gamma: [2, 1]}}", "augmentation.intensity.gamma"),
        ("augmentation: {painted: 0.1}", "Add shapes: FILE.npz"),
        ("learning_rate: .nan", "learning_rate: it should be a finite number"),
    ],
)
def test_a_mistake_in_a_recipe_is_told_with_the_file(line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    name = line.partition(":")[0]
    kept = "network: {name: humor_student}\nstages: [{steps: 1, window: [16, 16, 16], batch: 1}]\n"
    lines = [text for text in kept.splitlines() if not text.startswith(name)]
    path.write_text("\n".join([*lines, line]))
    with pytest.raises(UsageError, match=r"mine\.yaml") as caught:
        read_recipe(path)
    assert told in str(caught.value)


def test_numbers_that_yaml_reads_as_text_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "network: {name: humor_student}\nlearning_rate: 1e-4\n"
        "stages: [{steps: 1, window: [16, 16, 16], batch: 1}]\n"
    )
    assert read_recipe(path).learning_rate == 1e-4


def test_mixing_begins_after_the_experts_learned_alone() -> None:
    recipe = read_recipe(RECIPES / "systems" / "mome.yaml")
    assert recipe.mixing_progress(0) == recipe.mixing_progress(9_999) == 0.0
    assert recipe.mixing_progress(20_000) == pytest.approx(0.5)
    assert recipe.mixing_progress(recipe.steps) == 1.0
