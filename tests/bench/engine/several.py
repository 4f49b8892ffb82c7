"""Measurements under one name of `python -m tests.bench`: which of them, on which database, and how they are shown."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench.engine.database import DATABASES
from tests.bench.engine.figure import Figure
from tests.bench.engine.stage import Stage
from tests.bench.engine.table import lines


@dataclass(frozen=True)
class Several:
    measurements: Mapping[str, Callable[[Stage], list[Figure]]]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        names = list(self.measurements)
        parser.add_argument("--only", choices=names, nargs="+", default=names, metavar="NAME")
        parser.add_argument("--database", choices=DATABASES, default="sqlite")
        parser.add_argument("--quick", action="store_true", help="smaller: it shows that it works, and not how well")
        parser.add_argument("--json", action="store_true")

    def main(self, given: argparse.Namespace) -> int:
        stage = Stage(DATABASES[given.database], given.quick)
        figures = [figure for name in given.only for figure in self.measurements[name](stage)]
        print(
            json.dumps([figure.as_json() for figure in figures], indent=2) if given.json else "\n".join(lines(figures))
        )
        return 0
