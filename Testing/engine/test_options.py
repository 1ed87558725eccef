from __future__ import annotations

import argparse
import inspect
import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

import options_table
from humor.cli.arguments import add_run_options, run_options
from humor.inference.segmenter import Segmenter
from humor.options import (
    SEGMENTER_OPTIONS,
    SEGMENTING,
    WRITING,
    SegmentOptions,
    option,
    options_of,
    redeclared,
)

CHOSEN = SegmentOptions(
    channels=("t1", "other"),
    model="some model",
    device="cuda:1",
    precision="bf16",
    window="96",
    mirror=True,
    register=True,
    reference="t2",
    probabilities=True,
    page=False,
    routing=False,
    segments=False,
)


def parsed(command: str, words: list[str]) -> SegmentOptions:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_run_options(parser, command)
    return run_options(parser.parse_args(words))


def test_every_field_is_declared_and_every_one_is_chosen_above() -> None:
    declared = options_of(SegmentOptions)
    assert [each.name for each in declared] == [each.name for each in fields(SegmentOptions)]
    assert all(getattr(CHOSEN, each.name) != each.default for each in declared)


@pytest.mark.parametrize("command", WRITING)
def test_the_words_of_a_command_line_give_the_same_options(command: str) -> None:
    assert parsed(command, CHOSEN.arguments(command)) == CHOSEN
    assert CHOSEN.arguments(command).count("--no-report") == 1
    assert SegmentOptions().arguments(command) == [] and parsed(command, []) == SegmentOptions()


def test_a_command_gets_only_the_options_that_it_has() -> None:
    words = CHOSEN.arguments("influence")
    assert "--reference" in words and "--probabilities" not in words
    back = parsed("influence", words)
    for each in options_of(SegmentOptions):
        expected = getattr(CHOSEN, each.name) if "influence" in each.commands else each.default
        assert getattr(back, each.name) == expected
    assert CHOSEN.arguments("inspect") == ["--channels", "t1,other"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--window", "97"], "multiple of 16"),
        (["--channels", "t1,t1"], "comes twice"),
        (["--precision", "half"], "invalid choice"),
    ],
)
def test_values_that_are_none_are_refused(words: list[str], complaint: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=complaint):
        parsed("segment", words)


def test_json_keeps_every_option() -> None:
    assert SegmentOptions.from_json(json.loads(json.dumps(CHOSEN.to_json()))) == CHOSEN


def test_hashes_are_those_of_batches_begun_before() -> None:
    """As version 0.1.0 wrote them, before options were declared here."""
    assert SegmentOptions().decisive_hash == "8ac37ed519f1296b"
    assert SegmentOptions(mirror=True, channels=("t1", "t2")).decisive_hash == "dfe5a1628a0b5eab"


def test_what_decides_the_result_counts_in_the_hash_and_nothing_else() -> None:
    for each in options_of(SegmentOptions):
        changed = replace(SegmentOptions(), **{each.name: getattr(CHOSEN, each.name)})
        assert (changed.decisive_hash != SegmentOptions().decisive_hash) == each.decides, each.name


def test_a_front_end_adds_options_of_its_own_and_changes_defaults() -> None:
    @dataclass(frozen=True)
    class Options(SegmentOptions):
        probabilities: bool = redeclared("probabilities", True, "not probabilities.nii.gz")
        label_map: bool = option(False, "one more file", commands=())

    assert Options().arguments("segment") == ["--probabilities"]
    assert Options().decisive_hash == SegmentOptions(probabilities=True).decisive_hash
    assert [each.name for each in options_of(Options)][-1] == "label_map"
    assert "label_map" not in Options(label_map=True).to_json()


def test_all_commands_that_run_a_model_have_its_options() -> None:
    for name in ("model", "device", "mirror", "channels"):
        (found,) = (each for each in options_of(SegmentOptions) if each.name == name)
        assert set(SEGMENTING) <= set(found.commands)


def test_the_table_in_the_documentation_is_up_to_date() -> None:
    page = Path(options_table.PAGE).read_text(encoding="utf-8")
    assert page == options_table.corrected(page), options_table.REMEDY


def test_the_segmenter_takes_the_options_of_models() -> None:
    parameters = inspect.signature(Segmenter).parameters
    assert set(parameters) - {"model"} == set(SEGMENTER_OPTIONS)
    defaults = {name: parameters[name].default for name in SEGMENTER_OPTIONS}
    assert SegmentOptions().of_segmenter() == defaults
