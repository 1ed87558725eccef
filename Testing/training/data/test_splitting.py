from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from humor.errors import UsageError
from humor_training.data.labelled_case import LabelledCase
from humor_training.data.splitting import folds, split, split_by_names

from .conftest import case_with


def drawn(seed: int) -> list[LabelledCase]:
    """A data set by chance: 6 to 40 patients with 1 to 3 studies each."""
    rng = np.random.default_rng(seed)
    return [
        case_with(f"p{patient}_{visit}", int(rng.integers(1, 200)), bool(rng.random() < 0.7), f"p{patient}")
        for patient in range(rng.integers(6, 41))
        for visit in range(rng.choice([1, 1, 2, 3]))
    ]


def singles(count: int) -> list[LabelledCase]:
    """One study per patient; every third without ET, sizes all different."""
    return [case_with(f"c{index:02d}", 3 + 4 * index, index % 3 > 0) for index in range(count)]


def names(cases: Sequence[LabelledCase]) -> list[str]:
    return [case.name for case in cases]


def patients(cases: Sequence[LabelledCase]) -> set[str]:
    return {case.patient for case in cases}


@pytest.mark.parametrize("seed", range(30))
def test_folds_hold_out_every_case_once_and_never_part_a_patient(seed: int) -> None:
    cases = drawn(seed)
    k = 2 + seed % 4
    made = folds(cases, k, seed)
    assert sorted(name for _, held in made for name in names(held)) == sorted(names(cases))
    for learning, held in made:
        assert not patients(learning) & patients(held)
        assert len(learning) + len(held) == len(cases)
    sizes = [len(patients(held)) for _, held in made]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("seed", range(30))
def test_a_split_never_parts_a_patient_and_holds_out_no_more_than_asked(seed: int) -> None:
    cases = drawn(seed)
    wanted = 1 + seed % (len(cases) - 1)
    learning, held = split(cases, wanted, seed)
    assert not patients(learning) & patients(held)
    assert sorted(names(learning) + names(held)) == sorted(names(cases))
    assert wanted - 2 <= len(held) <= wanted  # at most a patient of three studies did not fit in


@pytest.mark.parametrize("seed", range(10))
def test_every_fold_has_its_share_of_every_stratum(seed: int) -> None:
    cases = singles(36)
    # By hand: 36 sizes in rising order, so the thirds are 0-11, 12-23, 24-35; ET in two of three.
    of = {case.name: (index // 12, index % 3 > 0) for index, case in enumerate(cases)}
    for _, held in folds(cases, 4, seed):
        counts = Counter(of[name] for name in names(held))
        assert counts == {(size, et): 2 if et else 1 for size in range(3) for et in (False, True)}


@pytest.mark.parametrize("seed", range(10))
def test_a_split_has_its_share_of_every_stratum(seed: int) -> None:
    cases = singles(36)
    of = {case.name: (index // 12, index % 3 > 0) for index, case in enumerate(cases)}
    learning, held = split(cases, 9, seed)
    counts = Counter(of[name] for name in names(held))
    assert len(held) == 9 and len(learning) == 27
    assert all(abs(counts[size, et] - (2 if et else 1)) <= 1 for size in range(3) for et in (False, True))
    assert all(sum(counts[size, et] for et in (False, True)) >= 1 for size in range(3))


def test_a_seed_always_draws_the_same_whatever_the_order_of_the_cases() -> None:
    cases = drawn(3)
    turned = cases[::-1]
    assert sorted(names(split(cases, 5, 1)[1])) == sorted(names(split(turned, 5, 1)[1]))
    assert [sorted(names(held)) for _, held in folds(cases, 3, 1)] == [
        sorted(names(held)) for _, held in folds(turned, 3, 1)
    ]
    assert len({tuple(names(split(cases, 5, seed)[1])) for seed in range(8)}) > 4


def test_every_patient_is_held_out_by_some_seed() -> None:
    cases = singles(12)
    held = Counter(name for seed in range(200) for name in names(split(cases, 3, seed)[1]))
    assert min(held[name] for name in names(cases)) > 200 * 3 / 12 / 2  # expected: 50 each


def test_nothing_held_out_is_a_split_too() -> None:
    cases = singles(3)
    assert split(cases, 0, 0) == (cases, [])


def test_too_much_or_too_many_folds_are_refused() -> None:
    cases = [case_with("a", 5, True, "p"), case_with("b", 5, True, "p"), case_with("c", 9, True, "q")]
    with pytest.raises(UsageError, match="3 folds cannot be made of 2 patients"):
        folds(cases, 3, 0)
    with pytest.raises(UsageError, match="two folds"):
        folds(cases, 1, 0)
    with pytest.raises(UsageError, match="3 of 3"):
        split(cases, 3, 0)


def test_named_cases_and_named_patients_are_held_out() -> None:
    cases = [case_with("a1", 5, True, "a"), case_with("a2", 5, True, "a"), case_with("b", 9, True)]
    assert names(split_by_names(cases, ["b"])[1]) == ["b"]
    assert names(split_by_names(cases, ["a"])[1]) == ["a1", "a2"]
    assert names(split_by_names(cases, ["a1", "a2"])[0]) == ["b"]


def test_names_that_cannot_be_held_out_are_said() -> None:
    cases = [case_with("a1", 5, True, "a"), case_with("a2", 5, True, "a"), case_with("b", 9, True)]
    with pytest.raises(UsageError, match="no case is called x, y"):
        split_by_names(cases, ["x", "b", "y"])
    with pytest.raises(UsageError, match="a2 would be learned from"):
        split_by_names(cases, ["a1"])
    with pytest.raises(UsageError, match="none is left"):
        split_by_names(cases, ["a", "b"])
