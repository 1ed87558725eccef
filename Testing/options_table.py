"""The table of a run's options in ``HUMoRSegment/README.md``, made from their declarations.

``python Testing/options_table.py`` tells whether it is right; ``--write`` makes it so.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "HUMoRSegment" / "README.md"
REMEDY = "Run: python Testing/options_table.py --write"
_BEGIN, _END = "<!-- options: made by Testing/options_table.py -->\n", "<!-- end of options -->"
sys.path.insert(0, str(REPOSITORY / "HUMoRSegment"))

from humor.options import Option, SegmentOptions, options_of  # noqa: E402


def table() -> str:
    """The table as it should be."""
    titles = ("option", "values", "does", "in the options hash of a batch", "commands", "panel")
    head = f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|\n"
    return head + "".join(_row(each) for each in options_of(SegmentOptions))


def corrected(page: str) -> str:
    """The page with the table as it should be."""
    before, rest = page.split(_BEGIN)
    return before + _BEGIN + table() + _END + rest.split(_END)[1]


def _row(option: Option) -> str:
    cells = [
        f"`{option.flag}`",
        _values(option),
        option.help,
        "yes" if option.decides else "no",
        ", ".join(option.commands),
        "yes" if option.parameter else "no",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _values(option: Option) -> str:
    if option.is_switch:
        return ""
    values = ", ".join(option.choices) or option.metavar
    return f"{values} (default: {option.default})" if option.default else values


def main(arguments: list[str]) -> int:
    """Tell or write."""
    page = PAGE.read_text(encoding="utf-8")
    if arguments == ["--write"]:
        page = corrected(page)
        PAGE.write_text(page, encoding="utf-8")
    elif arguments:
        print(__doc__, file=sys.stderr)
        return 2
    right = page == corrected(page)
    print("The table is right." if right else REMEDY)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
