"""``humor-train check`` and ``pack``: what is wrong with a data set, and small files of it that travel."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    _add_check(commands)
    _add_pack(commands)


def _add_check(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser("check", help="list everything that is wrong with a data set")
    parser.add_argument("data", type=Path, help="folder, CSV or JSON of labelled studies, or a packed folder")
    parser.add_argument(
        "--layout",
        default="auto",
        help="auto, a layout's name, or a pattern such as '{patient}/scan_{sequence}.nii.gz'",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the table as CSV")
    parser.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> None:
    """Print the table.

    Raises:
        InputError: there is an error in it.
    """
    from humor.errors import InputError

    from ..data.checking import Severity, check, counts, table, write_csv
    from ..data.labelled_case import read_case
    from ..data.packing import is_packed, packed_files
    from ..data.studies import find_studies

    if is_packed(args.data):
        cases = [read_case(path).name for path in packed_files(args.data)]  # raises at the first damaged file
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


def _add_pack(commands: argparse._SubParsersAction) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "pack", help="write brain-cropped cases of about 1.5 MB each, to train from on another machine"
    )
    parser.add_argument("data", type=Path, help="folder, CSV or JSON of labelled studies")
    parser.add_argument("output", type=Path, help="folder for the packed cases; give it as --data later")
    parser.add_argument(
        "--processes", type=int, default=2, help="how many cases are packed at the same time (2)"
    )
    parser.set_defaults(run=run_pack)


def run_pack(args: argparse.Namespace) -> None:
    """Pack; what is packed already and unchanged is kept."""
    from ..data.labelled_case import read_about
    from ..data.packing import pack

    files = pack(args.data, args.output, args.processes)
    told = [said for path in files for said in read_about(path)["sequences"].values()]
    size = sum(path.stat().st_size for path in files) / 1e6
    mean = sum(said["mean_error"] for said in told) / len(told)
    print(
        f"{args.output}: {len(files)} cases, {size:.1f} MB. Intensities differ by at most "
        f"{max(said['max_error'] for said in told):.3f} standard deviations, {mean:.3f} on average."
    )
