"""``humor-train check``: everything that is wrong with a data set, in one table."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="one table of everything that is wrong with the data")
    parser.add_argument("data", type=Path, help="folder, CSV or JSON of labelled studies, or a packed folder")
    parser.add_argument(
        "--layout",
        default="auto",
        help="auto, a layout's name, or a pattern such as '{patient}/scan_{sequence}.nii.gz'",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the table as CSV")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the table.

    Raises:
        InputError: there is an error in it.
    """
    from humor.errors import InputError

    from ..data.checking import check
    from ..data.findings import Severity, counts, table, write_csv
    from ..data.packing import is_packed, load_packed
    from ..data.studies import find_studies

    if is_packed(args.data):
        cases = load_packed(args.data, args.data)  # raises at the first damaged file
        print(f"{args.data}: {len(cases)} packed cases, all of them whole.")
        return
    found = find_studies(args.data, args.layout)
    findings = check(found)
    if args.csv:
        write_csv(args.csv, findings)
    if findings:
        print(table(findings), end="\n\n")
    number = counts(findings)
    patients = len({study.patient for study in found.studies})
    print(
        f"{args.data}: {len(found.studies)} studies of {patients} patients (layout {found.layout}), "
        + ", ".join(f"{severity.value} {count}" for severity, count in number.items())
    )
    if number[Severity.ERROR]:
        raise InputError(f"{args.data}: {number[Severity.ERROR]} errors; see the table above.")
