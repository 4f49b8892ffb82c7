"""`python -m tests.chaos NAME [--full] [--seed N] [--from N] [--count N] [--minutes N] [--case CASE]`; `--help` says
more."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.suite import Report, go_through
from tests.chaos.suites import SUITES

TELL_EVERY = 30.0  # seconds


class Progress:
    """On stderr, now and then."""

    def __init__(self) -> None:
        self._next = TELL_EVERY

    def __call__(self, report: Report) -> None:
        if report.seconds >= self._next:
            self._next = report.seconds + TELL_EVERY
            print(report.so_far, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break things, and look what holds.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for suite in SUITES:
        one = names.add_parser(suite.name, help=f"{suite.promise} ({suite.small:,} cases; --full: {suite.full:,})")
        one.add_argument("--full", action="store_true", help=f"{suite.full:,} cases")
        one.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
        one.add_argument("--from", type=int, default=0, dest="first", metavar="N", help="leave out the first N cases")
        one.add_argument("--count", type=int, help="so many cases")
        one.add_argument("--minutes", type=float, default=float("inf"), help="as many as can be begun in that time")
        one.add_argument("--case", help="this one alone, as a violation names it")
    given = parser.parse_args()
    suite = next(one for one in SUITES if one.name == given.name)
    size = suite.full if given.full else suite.small or 1
    count = given.count or size - given.first
    if count <= 0:
        parser.error(f"--from {given.first} leaves out all {size:,} cases; give --count too, or --full")
    with tempfile.TemporaryDirectory(prefix=f"tend-{suite.name}-") as folder:
        where, seconds, tell = Path(folder), 60 * given.minutes, Progress()
        report = go_through(
            suite, where, seed=given.seed, first=given.first, count=count, case=given.case, seconds=seconds, tell=tell
        )
    print(report)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
