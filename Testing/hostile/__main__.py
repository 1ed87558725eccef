"""``python -m hostile``: run the campaign, or a part of it, and print a table."""

from __future__ import annotations

import argparse
import os
import sys
import time

from .campaign import Verdict, run_cases
from .kinds import KINDS, all_cases, quick_cases


def main() -> int:
    """Run; 1 if any case had a fault."""
    parser = argparse.ArgumentParser(prog="python -m hostile", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="KIND or KIND/CASE", help="default: all")
    parser.add_argument("--quick", action="store_true", help="the part that 'make test' runs")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--list", action="store_true", help="name the cases, run none")
    parser.add_argument("--verbose", action="store_true", help="show what cases with faults printed")
    arguments = parser.parse_args()
    cases = quick_cases() if arguments.quick else all_cases()
    if arguments.cases:
        cases = [case for case in cases if case.kind in arguments.cases or case.id in arguments.cases]
    if arguments.list:
        print("\n".join(case.id for case in cases))
        return 0
    begin = time.monotonic()

    def tell(verdict: Verdict) -> None:
        if verdict.faults:
            print(f"FAULT  {verdict.case.id}: {'; '.join(verdict.faults)}", flush=True)
            if arguments.verbose:
                print(f"       humor {' '.join(verdict.arguments)}\n{verdict.shown}", flush=True)

    verdicts = run_cases(cases, arguments.workers, tell)
    print("\n".join(table_lines(verdicts)))
    print(f"{len(verdicts)} cases in {time.monotonic() - begin:.0f} s.")
    return int(any(verdict.faults for verdict in verdicts))


def table_lines(verdicts: list[Verdict]) -> list[str]:
    """Kind by kind: cases, faults, seconds; then how to see one that failed again."""
    lines = [f"{'kind':12} {'cases':>6} {'right':>6} {'faults':>6} {'seconds':>8}"]
    for kind in [*KINDS, "all"]:
        rows = [verdict for verdict in verdicts if kind in (verdict.case.kind, "all")]
        if rows:
            bad = sum(bool(verdict.faults) for verdict in rows)
            seconds = sum(verdict.seconds for verdict in rows)
            lines.append(f"{kind:12} {len(rows):6} {len(rows) - bad:6} {bad:6} {seconds:8.1f}")
    for verdict in verdicts:
        if verdict.faults:
            lines.append(f"make hostile CASES='{verdict.case.id} --verbose'    # {verdict.faults[0]}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
