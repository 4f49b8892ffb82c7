"""`python -m tests.bench web`: how fast the pages are, what open pages cost, how many webhooks are taken."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from tests.bench.engine.database import DATABASES
from tests.bench.engine.figure import Figure
from tests.bench.engine.stage import Stage
from tests.bench.engine.table import lines
from tests.bench.web import live, pages, webhooks

MEASUREMENTS: dict[str, Callable[[Stage], list[Figure]]] = {
    "pages": pages.measure,
    "live": live.measure,
    "webhooks": webhooks.measure,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", choices=MEASUREMENTS, nargs="+", default=list(MEASUREMENTS), metavar="NAME")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="smaller: it shows that it works, and not how well")
    parser.add_argument("--json", action="store_true")


def main(given: argparse.Namespace) -> int:
    stage = Stage(DATABASES[given.database], given.quick)
    figures = [figure for name in given.only for figure in MEASUREMENTS[name](stage)]
    print(json.dumps([figure.as_json() for figure in figures], indent=2) if given.json else "\n".join(lines(figures)))
    return 0
