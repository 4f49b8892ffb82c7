"""The same small steps on DBOS, where it is installed: pip install -e '.[bench]'."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from tests.bench.engine.database import Database
from tests.bench.engine.stage import tell


@contextmanager
def dbos_steps(folder: Path, database: Database) -> Iterator[Callable[[int], list[float]] | None]:
    """Takes that many steps in one workflow, in this process; microseconds from the end of each to the end of the
    next. None where DBOS is not installed."""
    if find_spec("dbos") is None:
        tell("DBOS is not installed, and is left out: pip install -e '.[bench]'")
        yield None
        return
    from dbos import DBOS, DBOSConfig

    config = DBOSConfig(
        name="bench",
        system_database_url=database.dbos_url(folder),
        run_admin_server=False,
        log_level="ERROR",
    )
    DBOS(config=config)

    measured = DBOS.step()(_measured)

    def steps(count: int) -> list[float]:
        ended = []
        for number in range(count):
            measured(number)
            ended.append(time.perf_counter() * 1e6)
        return [later - earlier for earlier, later in pairwise(ended)]

    stepping: Callable[[int], list[float]] = DBOS.workflow()(steps)
    DBOS.launch()
    try:
        stepping(1)
        yield stepping
    finally:
        DBOS.destroy()


def _measured(number: int) -> int:
    return number
