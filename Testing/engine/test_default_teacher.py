"""The teacher that ships beside the student."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from humor.bundle.bundle import load_bundle
from humor.bundle.store import DEFAULT_BUNDLE, find_bundle
from humor.inference.segmenter import Segmenter
from humor.sequences import subset_name, subsets
from humor.study.case_building import build_case
from humor.study.study import load_study

NAME = "humor-teacher"
REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"


def test_it_is_whole_and_its_card_tells_all_15_subsets() -> None:
    bundle = load_bundle(find_bundle(NAME))
    bundle.verify()
    assert bundle.folder.resolve() == REPOSITORY / "HUMoRSegment" / "Resources" / "Models" / NAME
    assert all(path.stat().st_size < 16_000_000 for path in bundle.folder.iterdir())
    assert bundle.manifest.kind == "teacher"
    assert set(bundle.manifest.validation["validation"]) == {subset_name(names) for names in subsets()}


def test_it_is_the_teacher_of_the_default_student() -> None:
    student = load_bundle(find_bundle(DEFAULT_BUNDLE)).manifest.training
    teacher = load_bundle(find_bundle(NAME)).manifest.training
    followed = student["earlier_runs"][student["gate_heads"]["teacher"]]
    assert followed["grown_from"] == "this run"
    own = {name: value for name, value in followed.items() if name != "grown_from"}
    assert own == {name: teacher[name] for name in own}
    grown_from = teacher["earlier_runs"][teacher["grown_from"]]
    assert all(
        student[name] == grown_from[name] for name in ("stages", "learning_rate", "seed", "steps_done")
    )


def test_it_agrees_with_its_student_and_shows_its_own_gates() -> None:
    """In place and extent of the whole tumour of the sample, from two sequences."""
    case = build_case(load_study({name: SAMPLE / f"{name}.nii.gz" for name in ("t1c", "flair")}))
    teacher = Segmenter(load_bundle(find_bundle(NAME)), device="cpu").run(case)
    student = Segmenter(load_bundle(find_bundle(DEFAULT_BUNDLE)), device="cpu").run(case)
    found, other = (each.regions[0] for each in (teacher, student))
    assert 2 * (found & other).sum() / (found.sum() + other.sum()) > 0.7
    assert teacher.routing.source == "learned" and len(teacher.routing.gates) == 12
    for gate, guess in zip(teacher.routing.gates, student.routing.gates, strict=True):
        assert gate.name == guess.name and gate.weights.shape == guess.weights.shape
        assert np.allclose(gate.weights.sum(0), 1, atol=1e-4)
