from __future__ import annotations

from dataclasses import replace

from humor.bundle.bundle import Bundle
from humor.bundle.card import make_card
from humor.bundle.manifest import Manifest
from humor.sequences import subset_name, subsets


def test_a_card_says_what_the_description_says(bundle: Bundle) -> None:
    card = make_card(bundle.manifest)
    assert card.startswith("# A small model\n")
    for text in ("dim: 240", "TC 0.45", "0.05 ml", "Menze et al. 2015", "39 patients", "MIT", "2025-11-21"):
        assert text in card
    assert bundle.manifest.files["model.safetensors"] in card
    assert "Not a medical device" in card


def test_the_table_shows_each_subset_and_the_mean(manifest: Manifest) -> None:
    card = make_card(manifest)
    assert "| T1 | 0.500 | 0.250 | – |" in card
    assert "| T1 + T1c + T2 + FLAIR | 0.900 | 0.750 | 0.625 |" in card
    assert "| **mean of 2** | 0.700 | 0.500 | 0.625 |" in card


def test_all_fifteen_subsets_have_a_row(manifest: Manifest) -> None:
    rows = {subset_name(subset): {"WT": 0.5, "TC": 0.5, "ET": 0.5} for subset in subsets()}
    card = make_card(replace(manifest, validation={"validation": rows}))
    assert card.count("| 0.500 | 0.500 | 0.500 |") == 16 and "mean of 15" in card


def test_an_unmeasured_model_says_so(manifest: Manifest) -> None:
    assert "Not measured." in make_card(replace(manifest, validation={}))


def test_the_same_facts_give_the_same_card(manifest: Manifest) -> None:
    assert make_card(manifest) == make_card(Manifest.from_json(manifest.to_json(), "here"))


def test_free_facts_cannot_bring_control_characters(manifest: Manifest) -> None:
    card = make_card(replace(manifest, training={"note\x1b[2J": "a\nb\x1b[31m", "more": {"x\r": ["\x07y"]}}))
    assert all(character.isprintable() or character == "\n" for character in card)
    assert "- note[2J: a b[31m\n" in card


def test_facts_nest_as_deep_as_they_do(manifest: Manifest) -> None:
    training = {
        "averaged": [{"seed": 3, "start": {"stages": ["a", "b"]}}, {"seed": 4}],
        "hours": 0.5,
    }
    assert (
        make_card(replace(manifest, training=training))
        .split("## How it was made\n\n")[1]
        .startswith(
            "- averaged:\n"
            "    - 1:\n"
            "        - seed: 3\n"
            "        - start:\n"
            "            - stages:\n"
            "                - a\n"
            "                - b\n"
            "    - 2:\n"
            "        - seed: 4\n"
            "- hours: 0.5\n"
        )
    )
