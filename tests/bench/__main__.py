"""`python -m tests.bench NAME`: one measurement, printed with its floor. Without a name: which there are."""

from __future__ import annotations

import argparse
import sys

from tests.bench import engine, isolation, save, web


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Tend on this machine.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    save.add_arguments(names.add_parser("save", help="renamed file to live version"))
    engine.BENCH.add_arguments(names.add_parser("engine", help="steps, starts, runs, waits, schedules, history"))
    isolation.add_arguments(names.add_parser("isolation", help="an attempt in each tier of isolation"))
    web.BENCH.add_arguments(names.add_parser("web", help="pages, open pages, webhooks"))
    given = parser.parse_args()
    return {"save": save.main, "engine": engine.BENCH.main, "isolation": isolation.main, "web": web.BENCH.main}[
        given.name
    ](given)


if __name__ == "__main__":
    sys.exit(main())
