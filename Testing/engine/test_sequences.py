from __future__ import annotations

import pytest

from humor.sequences import SEQUENCES, availability, display, subset_name, subsets


def test_there_are_15_different_subsets_each_in_sequence_order() -> None:
    found = subsets()
    assert len(found) == len(set(found)) == 15
    assert all(list(names) == sorted(names, key=SEQUENCES.index) for names in found)
    assert found[-1] == SEQUENCES


def test_names_do_not_depend_on_the_order_they_are_given_in() -> None:
    assert subset_name(["flair", "t1c"]) == "t1c+flair"
    assert display(["flair", "t1c"]) == "T1c + FLAIR"
    assert availability(["flair", "t1c"]) == (False, True, False, True)


@pytest.mark.parametrize("names", [[], ["t1", "dwi"]])
def test_what_is_no_subset_has_no_name(names: list[str]) -> None:
    with pytest.raises(ValueError, match="subset"):
        subset_name(names)
