"""Words that people have in their scripts and notes go on working."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from humor.errors import UsageError
from humor_training.commands import fit
from humor_training.commands.options import recipe_path


@pytest.mark.parametrize("option", ["--upcycle-from", "--grow-from"])
def test_upcycling_is_known_by_its_older_name_too(option: str) -> None:
    parser = argparse.ArgumentParser()
    fit.add_parsers(parser.add_subparsers())
    args = parser.parse_args(["fit", "grown_teacher", "--data", "d", "--run", "r", option, "student"])
    assert args.upcycle_from == "student"


def test_recipes_of_the_past_are_found_by_name() -> None:
    assert recipe_path(Path("fifth_student")).parent.name == "history"
    assert recipe_path(Path("systems/mome")).name == "mome.yaml"
    with pytest.raises(UsageError, match="long_student"):
        recipe_path(Path("no_student"))
