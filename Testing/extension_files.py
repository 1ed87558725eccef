"""The lists of packaged files in ``HUMoRSegment/CMakeLists.txt``, and what they should be.

``python Testing/extension_files.py`` tells whether they are right; ``--write`` makes them so.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MODULE = REPOSITORY / "HUMoRSegment"
CMAKE = MODULE / "CMakeLists.txt"
SCRIPTS, RESOURCES = "MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"
REMEDY = "Run: python Testing/extension_files.py --write"


def wanted() -> dict[str, list[str]]:
    """Both lists as they should be: every file of the module, but neither hidden nor made ones."""
    paths = [path.relative_to(MODULE) for path in MODULE.rglob("*") if path.is_file()]
    names = sorted(path.as_posix() for path in paths if _is_packaged(path))
    return {
        SCRIPTS: [name for name in names if name.endswith(".py")],
        RESOURCES: [name for name in names if not name.endswith(".py")],
    }


def listed(text: str) -> dict[str, list[str]]:
    """Both lists as they are in the text of the CMake file."""
    return {name: text[slice(*_place(text, name))].split() for name in (SCRIPTS, RESOURCES)}


def corrected(text: str) -> str:
    """The text of the CMake file with the lists as they should be."""
    for name, files in wanted().items():
        begin, end = _place(text, name)
        text = text[:begin] + "".join(f"  {file}\n" for file in files) + text[end:]
    return text


def complaint(text: str) -> str:
    """What is wrong with the lists, line by line, and the remedy; empty if nothing is."""
    lines: list[str] = []
    have = listed(text)
    for name, files in wanted().items():
        lines += [f"add to {name}:     {file}" for file in files if file not in have[name]]
        lines += [f"remove from {name}: {file}" for file in have[name] if file not in files]
        if not lines and have[name] != files:
            lines.append(f"{name} is not in order, or names a file twice.")
    return "\n".join([*lines, REMEDY]) if lines else ""


def _is_packaged(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not hidden and path.name != CMAKE.name and path.suffix not in {".pyc", ".partial"}


def _place(text: str, name: str) -> tuple[int, int]:
    """Where a list begins and ends in the text."""
    begin = text.index("\n", text.index(f"set({name}\n")) + 1
    return begin, text.index("  )\n", begin)


def main(arguments: list[str]) -> int:
    """Tell or write."""
    text = CMAKE.read_text(encoding="utf-8")
    if arguments == ["--write"]:
        text = corrected(text)
        CMAKE.write_text(text, encoding="utf-8")
    elif arguments:
        print(__doc__, file=sys.stderr)
        return 2
    problem = complaint(text)
    print(problem or "Every file is listed.")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
