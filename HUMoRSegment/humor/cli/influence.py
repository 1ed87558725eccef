"""``humor influence``: what each sequence of a study did, by leaving one out at a time."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..sequences import DISPLAY_NAMES
from . import arguments as common
from .terminal import say

if TYPE_CHECKING:
    from ..events import Listener
    from ..influence import Effect, Influence

_EXAMPLES = """\
examples:
  humor influence STUDY_FOLDER --output OUT
  humor influence --t1c post.nii.gz --flair flair.nii.gz --output OUT

At least two sequences are needed. OUT may be the folder of the study's segmentation: its files stay.
For research use only; not a medical device.
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "influence",
        help="show what each sequence of a study did",
        description="Segment a study with all of its sequences, then without each of them, and write how "
        "volumes change and how much the results overlap (influence.csv, influence.json).",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common.add_study(parser)
    common.add_output(parser)
    common.add_run_options(parser, "influence")
    common.add_listening(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare.

    Raises:
        HumorError: see ``errors``.
    """
    with common.listening(arguments) as listener:
        found = _influence(arguments, listener)
    if not arguments.json and not arguments.quiet:
        _show(found)
    return 0


def _influence(arguments: argparse.Namespace, listener: Listener) -> Influence:
    from ..events import Reporter
    from ..influence import influence_of_files, shares

    files = common.files_of(arguments, listener)
    options = common.run_options(arguments)
    return influence_of_files(files, arguments.output, options, Reporter(listener, shares(files)))


def _show(found: Influence) -> None:
    say("\n".join(table_lines(found.effects)))
    say(f"Results:   {found.folder}  ({', '.join(found.files)})")
    say(f"Model:     {found.facts['model'].get('name', '')} on {found.facts['device']}")
    say("For research use only; not a medical device.")


def table_lines(effects: list[Effect]) -> list[str]:
    """A table for the terminal: by region ml, change and Dice; a line for each sequence left out."""
    by_name: dict[str, list[Effect]] = {}
    for effect in effects:
        by_name.setdefault(effect.left_out, []).append(effect)
    first = next(iter(by_name.values()))
    head = [f"{row.region + ' ml':>9}  {'change':>8}  {'Dice':>5}" for row in first]
    with_all = [f"{row.all_ml:9.1f}  {'':8}  {'':5}" for row in first]
    lines = [_line("", head), _line("all sequences", with_all)]
    for name, rows in by_name.items():
        cells = [f"{row.without_ml:9.1f}  {row.change_ml:+8.1f}  {row.dice:5.2f}" for row in rows]
        lines.append(_line(f"without {DISPLAY_NAMES[name]}", cells))
    return lines


def _line(title: str, cells: list[str]) -> str:
    return f"{title:13}{'  '.join(cells)}".rstrip()
