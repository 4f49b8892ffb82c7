"""Ten thousand schedules, no two alike, that are all due in the same second: how late the last one fires, and how long
the sidecar's API is out of reach meanwhile; and what they take while none is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import sqlalchemy as sa

from sidecar.checker.manifest import Cron
from sidecar.client import Client
from sidecar.store.schema import slots
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.process import memory, processor_seconds
from tests.bench.engine.stage import PATIENCE, Stage, tell
from tests.bench.made_live import Made, make_live
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

SOURCE = '''"""Nothing to do, at {hours} o'clock."""
from skills import Run, cron, skill


@skill(on=cron("{expression}"))
def scheduled_{number}(run: Run) -> None: ...
'''
HOURS = 24
LATE = Goal("at most", 1)  # seconds
BLOCKED = Goal("at most", 100)  # milliseconds
IDLE = Goal("at most", 2)  # percent of a core
ASK_EVERY = 0.01  # seconds
PREPARE = (60, 240, 480)  # seconds that a start may take


class TooLate(Exception):
    """The sidecar was not ready when all were due."""


def measure(stage: Stage) -> list[Figure]:
    """A start takes long where the machine is busy: then all is made again, due later."""
    for prepare in (30,) if stage.quick else PREPARE:
        try:
            return _measure(stage, prepare)
        except TooLate:
            tell(f"schedules: {prepare} s were too little to start in")
    raise TimeoutError("the sidecar was never ready in time; try again when the machine is less busy")


def _measure(stage: Stage, prepare: int) -> list[Figure]:
    count, idle = stage.size(10_000, 200), stage.size(20, 5)
    due = (datetime.now(UTC) + timedelta(seconds=prepare + idle + 60)).replace(second=0, microsecond=0)
    with stage.folder() as folder:
        sidecar = stage.sidecar_in(folder)
        tell(f"schedules: {count:,} are made, due at {due:%H:%M} UTC")
        _register(sidecar, count, due)
        tell(f"schedules: the sidecar starts, {_until(due)} s before")
        with sidecar:
            tell(f"schedules: it answers, and reads what there is, {_until(due)} s before")
            wait_until(lambda: _rests(sidecar) or _until(due) < 0, "the sidecar rests", within=PATIENCE)
            tell(f"schedules: it rests, {_until(due)} s before")
            percent = _processor(sidecar, idle)
            resident = memory(sidecar.pid)
            if _until(due) < 0:
                sidecar.kill()
                raise TooLate
            with _asking(sidecar.client) as asked:
                late = _last_fired(sidecar, count, due)
            tell("schedules: all have fired; the sidecar stops")
    each = f"{count:,} schedules"
    return [
        Figure(f"the last of {each} fires after", "s", [late], goal=LATE),
        Figure(f"longest the API is silent, {each} due", "ms", [max(asked)], asked, "the same, median", goal=BLOCKED),
        Figure(f"processor, {each} idle", "% of a core", [percent], goal=IDLE),
        Figure(f"memory, {each}", "MiB", [resident]),
    ]


def _processor(sidecar: LiveSidecar, seconds: float) -> float:
    """Percent of a core that it uses by itself."""
    before = processor_seconds(sidecar.pid)
    time.sleep(seconds)
    return (processor_seconds(sidecar.pid) - before) / seconds * 100


def _until(due: datetime) -> int:
    return round((due - datetime.now(UTC)).total_seconds())


def _rests(sidecar: LiveSidecar) -> bool:
    """Whether it has finished with what there is to do at its start."""
    return _processor(sidecar, 3) < 10


def _last_fired(sidecar: LiveSidecar, count: int, due: datetime) -> float:
    """Seconds from their time until all of them are on disk as fired."""
    fired = sa.select(sa.func.count()).where(slots.c.due_at == due.timestamp(), slots.c.outcome == "fired")
    time.sleep(max(0.0, due.timestamp() - time.time()))
    wait_until(lambda: sidecar.query(fired)[0][0] == count, f"{count} schedules fire", within=PATIENCE)
    return time.time() - due.timestamp()


@contextmanager
def _asking(client: Client) -> Iterator[list[float]]:
    """Ask for what there is not, all the while: the event loop alone answers. Milliseconds of each answer."""
    answered: list[float] = []
    over = threading.Event()

    def ask() -> None:
        transport = httpx2.HTTPTransport(uds=str(client.settings.socket))
        with httpx2.Client(transport=transport, base_url="http://sidecar", timeout=None) as http:  # as long as it takes
            while not over.wait(ASK_EVERY):
                started = time.perf_counter()
                http.get("/nothing")
                answered.append((time.perf_counter() - started) * 1000)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield answered
        finally:
            over.set()
        asking.result()


# ---------------------------------------------------------------- what is stored


def _register(sidecar: LiveSidecar, count: int, due: datetime) -> None:
    made = [_skill(number, due) for number in range(count)]
    make_live(sidecar, made, lambda progress: tell(f"schedules: {progress}"))


def _skill(number: int, due: datetime) -> Made:
    hours = [due.hour, *(hour for place, hour in enumerate(_other_hours(due)) if number >> place & 1)]
    name, expression = f"scheduled_{number}", f"{due.minute} {','.join(map(str, sorted(hours)))} * * *"
    return Made(name, SOURCE.format(hours=hours, expression=expression, number=number), Cron(expression=expression))


def _other_hours(due: datetime) -> list[int]:
    return [hour for hour in range(HOURS) if hour != due.hour]
