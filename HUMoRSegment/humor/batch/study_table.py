"""Studies listed in a CSV file: one row each, one column for its name and one for each sequence."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError, UsageError
from ..sequences import SEQUENCES
from ..study.file_names import read_name
from ..study.formats import image_suffix
from ..user_input import absence, home
from .studies import BatchStudy, check_ids, shortened

LARGEST = 1 << 26  # characters; a hundred thousand studies take less
ID_COLUMNS = ("study", "study id", "study_id", "id", "case", "subject")
_SIMPLE = re.compile(r"[a-z0-9+]+([-_ ]?(flair|file|path|image))*", re.IGNORECASE)
_DELIMITERS = ",;\t"


def read_table(path: Path) -> tuple[list[BatchStudy], list[str]]:
    """The studies of a CSV file.

    The first row names the columns: ``study`` and any of ``t1``, ``t1c``, ``t2``, ``flair``. Paths are
    relative to the CSV file; an empty cell is a missing sequence. Commas, semicolons and tabs are
    understood. A file that is not there is that study's problem, not the whole batch's.

    Returns:
        The studies in the order of the rows, and warnings (columns that are not used).

    Raises:
        UsageError: the file cannot be read as such a table; names every row that is wrong.
    """
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise UsageError(f"{path} is empty. Its first row names the columns: study, {', '.join(SEQUENCES)}.")
    columns, unused = _columns(path, header[1])
    silent = {header[1].index(name): name for name in unused if read_name(name).kind == "unknown"}
    studies, complaints = [], []
    for number, cells in rows:
        try:
            _refuse_unknown_images(path, number, cells, silent)
            studies.append(_study(path, number, cells, columns))
        except UsageError as error:
            complaints.append(str(error))
    if complaints:
        raise UsageError("\n".join(shortened(complaints)))
    if not studies:
        raise UsageError(f"{path} lists no study: it has a row of column names only.")
    check_ids(studies, "Give every study a name of its own in the CSV file.")
    names = ", ".join(repr(name) for name in unused)
    return studies, [f"{path}: not used: the columns {names}."] if unused else []


def _refuse_unknown_images(path: Path, number: int, cells: list[str], silent: dict[int, str]) -> None:
    """A column that nobody understands may be age or centre, but not images: they would be missed."""
    for place, name in silent.items():
        if place < len(cells) and image_suffix(cells[place]):
            raise UsageError(
                f"{path}, row {number}: the column {name!r} holds images, but it is not clear of which "
                f"sequence. Name it {', '.join(SEQUENCES)}, or remove it."
            )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Row number (as a spreadsheet shows it) and cells; empty rows are left out."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}). Check the path.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: save it as 'CSV UTF-8'.") from error
    if len(text) > LARGEST:
        raise UsageError(f"{path} is too large for a table of studies ({LARGEST / 1e6:.0f} MB are read).")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), 1):
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise UsageError(f"{path} cannot be read as CSV ({error}). Save it again as 'CSV UTF-8'.") from error


def _columns(path: Path, header: list[str]) -> tuple[dict[str, int], list[str]]:
    """Place of ``study`` and of each sequence there is; names of the other columns."""
    names = [_column(name) for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UsageError(f"{path}, row 1: two columns mean {twice[0]!r}.")
    ids = [name for name in ID_COLUMNS if name in names]
    columns = {name: names.index(name) for name in SEQUENCES if name in names}
    if not ids or not columns:
        missing = "study" if not ids else " or ".join(SEQUENCES)
        raise UsageError(
            f"{path}, row 1: no column is called {missing}. The first row names the columns: study, "
            f"{', '.join(SEQUENCES)}; a sequence that no study has can be left out."
        )
    columns["study"] = names.index(ids[0])
    used = set(columns.values())
    for place, name in enumerate(header):
        if name and place not in used and (kind := read_name(name).kind) in (*SEQUENCES, "unclear"):
            meant = kind if kind in SEQUENCES else "after the sequence that it holds"
            raise UsageError(
                f"{path}, row 1: the column {name!r} seems to be a sequence, but that is not certain. "
                f"Name it {meant}, or give it a name that does not look like a sequence."
            )
    return columns, [name for place, name in enumerate(header) if name and place not in used]


def _column(name: str) -> str:
    """A column's name in small letters; one that can only be a sequence (``T1CE``, ``T1w``) is that one."""
    lower = name.lower()
    if lower in (*SEQUENCES, *ID_COLUMNS):
        return lower
    kind = read_name(name).kind
    return kind if kind in SEQUENCES and _SIMPLE.fullmatch(name) else lower


def _study(path: Path, number: int, cells: list[str], columns: dict[str, int]) -> BatchStudy:
    where = f"{path}, row {number}"
    if len(cells) <= max(columns.values()):
        cells = cells + [""] * (1 + max(columns.values()) - len(cells))
    name = cells[columns["study"]]
    if not name:
        raise UsageError(f"{where}: the study has no name.")
    given = {sequence: cells[columns[sequence]] for sequence in SEQUENCES if sequence in columns}
    files = {sequence: _place(path, text) for sequence, text in given.items() if text}
    if not files:
        raise UsageError(f"{where}: {name!r} has no file. Give at least one of {', '.join(SEQUENCES)}.")
    for sequence, file in files.items():
        if not os.path.isfile(file):
            problem = f"{where}: {sequence}: {file} {absence(file)}. Check the path."
            return BatchStudy(name, where, problem=problem, problem_type=InputError.__name__)
    return BatchStudy(name, where, files, {sequence: f"row {number}" for sequence in files})


def _place(path: Path, text: str) -> Path:
    return path.absolute().parent / home(text)
