from __future__ import annotations

import pytest

from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.store import find_bundle
from humor.sequences import DISPLAY_NAMES, subset_name, subsets
from HUMoRSegmentLib.inputs.quality import expected_quality


def manifest(validation: dict[str, dict[str, dict[str, float | None]]]) -> Manifest:
    return Manifest("m", "M", "student", {"name": "humor_student"}, validation=validation)


def row(wt: float | None, tc: float | None, et: float | None) -> dict[str, float | None]:
    return {"WT": wt, "TC": tc, "ET": et}


TABLE = {
    "validation": {
        "flair": row(0.80, 0.50, 0.20),
        "t2+flair": row(0.834, 0.588, 0.219),
        "t1+t2+flair": row(0.85, 0.60, 0.20),
        "t1c+t2+flair": row(0.86, 0.70, 0.648),
        "t1c": row(0.55, None, 0.4999),
    }
}


def test_scores_are_said_in_the_regions_order_and_the_most_helpful_sequence_is_named() -> None:
    quality = expected_quality(manifest(TABLE), ["flair", "t2"])
    assert quality.sentence == (
        "Expected Dice with T2 + FLAIR: WT 0.83, TC 0.58, ET unreliable (0.21). "
        "T1c would help most: ET 0.64 instead of 0.21."
    )
    assert quality.dice == {"WT": 0.834, "TC": 0.588, "ET": 0.219}
    assert quality.data_set == "validation"


def test_what_was_not_measured_is_said_so_and_a_half_is_not_rounded_up_to() -> None:
    quality = expected_quality(manifest(TABLE), ["t1c"])
    assert quality.sentence == "Expected Dice with T1c: WT 0.55, TC not measured, ET unreliable (0.49)."
    assert quality.dice["TC"] is None


def test_no_sequence_is_named_where_none_helps() -> None:
    table = {"v": {"t1": row(0.8, 0.8, 0.8), "t1+t2": row(0.805, 0.8, 0.8), "t1+flair": row(0.7, 0.9, 0.7)}}
    assert (
        expected_quality(manifest(table), ["t1"]).sentence
        == "Expected Dice with T1: WT 0.80, TC 0.80, ET 0.80."
    )


def test_a_region_measured_only_once_does_not_count_as_a_gain() -> None:
    table = {"v": {"t1": row(0.6, 0.6, None), "t1+t2": row(0.6, 0.6, 0.9), "t1+flair": row(0.7, 0.6, None)}}
    assert expected_quality(manifest(table), ["t1"]).sentence.endswith(
        "FLAIR would help most: WT 0.70 instead of 0.60."
    )


def test_the_data_set_with_most_subsets_speaks_and_another_only_where_that_is_silent() -> None:
    tables = {"few": {"t1c": row(0.1, 0.1, 0.1), "t1": row(0.6, 0.6, 0.6)}, **TABLE}
    assert expected_quality(manifest(tables), ["t1c"]).data_set == "validation"
    assert expected_quality(manifest(tables), ["t1"]).data_set == "few"


def test_without_a_table_or_without_sequences_nothing_is_claimed() -> None:
    unmeasured = expected_quality(manifest({}), ["t1", "flair"])
    assert unmeasured.sentence == "How well the model does with T1 + FLAIR was not measured."
    assert expected_quality(manifest(TABLE), []).sentence == "No sequence is chosen."
    for quality in (unmeasured, expected_quality(manifest(TABLE), [])):
        assert set(quality.dice.values()) == {None} and quality.data_set == ""


def test_an_unknown_sequence_is_an_error() -> None:
    with pytest.raises(ValueError, match="dwi"):
        expected_quality(manifest(TABLE), ["dwi"])


@pytest.mark.parametrize("names", subsets(), ids=subset_name)
def test_the_shipped_model_answers_for_every_subset_from_its_own_table(names: tuple[str, ...]) -> None:
    shipped = load_bundle(find_bundle(None)).manifest
    quality = expected_quality(shipped, names)
    table = shipped.validation["validation"]
    assert quality.dice == table[subset_name(names)]
    for region, score in quality.dice.items():
        assert score is not None
        assert (f"{region} unreliable" in quality.sentence) == (score < 0.5)
    missing = [name for name in DISPLAY_NAMES if name not in names]
    means = {
        name: sum(value or 0 for value in table[subset_name([*names, name])].values()) for name in missing
    }
    if "would help most" in quality.sentence:
        best = max(means, key=lambda name: means[name])
        assert f"{DISPLAY_NAMES[best]} would help most" in quality.sentence
