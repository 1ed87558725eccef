"""``humor-train pack``: a folder of small case files that travels without the images."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pack", help="write brain-cropped cases of about 1.5 MB each, to train from on another machine"
    )
    parser.add_argument("data", type=Path, help="folder, CSV or JSON of labelled studies")
    parser.add_argument("output", type=Path, help="folder for the packed cases; give it as --data later")
    parser.add_argument("--processes", type=int, default=2, help="how many pack at the same time (2)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Pack; what is packed already and unchanged is kept."""
    from ..data.case_file import read_about
    from ..data.packing import pack

    files = pack(args.data, args.output, args.processes)
    told = [said for path in files for said in read_about(path)["sequences"].values()]
    size = sum(path.stat().st_size for path in files) / 1e6
    mean = sum(said["mean_error"] for said in told) / len(told)
    print(
        f"{args.output}: {len(files)} cases, {size:.1f} MB. Intensities differ by at most "
        f"{max(said['max_error'] for said in told):.3f} standard deviations, {mean:.3f} on average."
    )
