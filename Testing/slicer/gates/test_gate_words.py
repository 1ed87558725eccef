from __future__ import annotations

from HUMoRSegmentLib.gates.words import per_cent, source_sentence, weights_sentence


def test_distilled_gates_are_called_so() -> None:
    assert source_sentence("distilled").startswith("Distilled from the teacher:")
    assert "no experts of its own" in source_sentence("distilled")


def test_learned_gates_are_not_called_distilled() -> None:
    assert source_sentence("learned").startswith("Learned:")
    assert source_sentence("") == "This result has no record of experts."


def test_places_have_the_letter_of_their_side() -> None:
    text = weights_sentence("g", (-12.4, 8.0, -0.3), {"a": 1.0})
    assert text == "g at (L 12, A 8, S 0): a 100 %"


def test_small_weights_are_told_from_none() -> None:
    assert [per_cent(weight) for weight in (0.0, 0.004, 0.006, 0.996, 1.0)] == [
        "0 %",
        "<1 %",
        "1 %",
        "100 %",
        "100 %",
    ]
