"""``humor inspect``: which file of a folder is which sequence, and why; nothing is run, no image opened."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_DONE
from ..neutral import printable
from ..sequences import DISPLAY_NAMES
from .arguments import add_run_options, given_path
from .terminal import say

if TYPE_CHECKING:
    from ..study.inspection import Inspected

_DESCRIPTION = """\
Show which file of a folder, however deep, is which sequence, with the reason: by file names, names of
folders, BIDS, and the JSON files that dcm2niix writes beside images. 'segment' and 'batch' decide in the
same way. 'other' is none of the four sequences, or derived from them, and never used; 'unclear' files
must be named by the user. No image is opened.
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "inspect",
        help="show which file of a folder is which sequence",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=given_path, metavar="FOLDER", help="a study, or a folder of studies")
    add_run_options(parser, "inspect")
    parser.add_argument(
        "--json", action="store_true", help='one object: {"files": [{"file", "sequence", "reason"}]}'
    )


def run(arguments: argparse.Namespace) -> int:
    """Look at the names.

    Raises:
        InputError: there is no such folder.
    """
    from ..study.inspection import inspect_folder

    found = inspect_folder(arguments.folder, arguments.channels)
    if arguments.json:
        say(json.dumps({"files": [_entry(item) for item in found]}))
    else:
        say("\n".join(_lines(found)) or f"{arguments.folder} holds no image.")
    return EXIT_DONE


def _entry(item: Inspected) -> dict[str, str]:
    return {"file": item.file, "sequence": item.sequence, "reason": item.reason}


def _lines(found: list[Inspected]) -> list[str]:
    width = max((len(printable(item.file)) for item in found), default=0)
    return [_line(item, width) for item in found]


def _line(item: Inspected, width: int) -> str:
    sequence = DISPLAY_NAMES.get(item.sequence, item.sequence)
    return f"{sequence:8} {printable(item.file):{width}}  {printable(item.reason)}"
