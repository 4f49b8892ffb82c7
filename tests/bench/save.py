"""From a file renamed to its place until its version is live, with few and with many skills in the workspace; and
from twenty renamed at once until all are.

The floor is batch mypy on the same bytes with a warm cache, started by itself in the same run: no save can be live
before its types are checked.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from sidecar.checker.limited import Limits
from sidecar.checker.manifest import Every
from sidecar.checker.report import Snapshot
from sidecar.checker.types import BatchMypy
from sidecar.client import Client, views
from tests.bench.made_live import Made, make_live
from tests.support.live_sidecar import LiveSidecar

SOURCE = '''"""Report the price of thing {number}."""
from datetime import timedelta

from skills import Run, every, skill, step


@step(attempts=3)
def price(thing: str) -> int:
    return len(thing) + {salt}


@skill(on=every(timedelta(hours={hours})))
def thing_{number}(run: Run) -> int:
    return run.step(price, "thing {number}")
'''
BURST = 20  # files
WARM_UP = 15.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--skills", type=int, nargs="+", default=[1, 1000], help="how many, one row each")
    parser.add_argument("--saves", type=int, default=20, help="measured saves of each row")


def main(given: argparse.Namespace) -> int:
    print(
        f"{'skills':>8}  {'renamed to live, ms':>28}  {'batch mypy alone, ms':>28}  ratio of medians  "
        f"{f'{BURST} at once, ms':>28}"
    )
    for count in given.skills:
        with tempfile.TemporaryDirectory() as folder:
            live, floor, bursts = _row(Path(folder), count, given.saves)
        ratio = statistics.median(live) / statistics.median(floor)
        print(f"{count:>8,}  {_spread(live):>28}  {_spread(floor):>28}  {ratio:>16.2f}  {_spread(bursts):>28}")
    return 0


def _row(folder: Path, count: int, saves: int) -> tuple[list[float], list[float], list[float]]:
    sidecar = LiveSidecar(folder)
    skills = sidecar.workspace / "skills"
    make_live(sidecar, [_made(number) for number in range(count)], _tell)
    live: list[float] = []
    floor: list[float] = []
    bursts: list[float] = []
    with sidecar:
        mypy, salts = _batch_mypy(folder), itertools.count(1)
        _warm_up(sidecar.client, skills, count, salts)
        for salt in islice(salts, saves):
            _tell(f"{count:,} skills: save {len(live) + 1} of {saves}")
            live.append(_save(sidecar.client, skills, salt % count, salt))
            floor.append(_timed(partial(mypy, _source(0, salt))))
        for salt in islice(salts, max(1, saves // 5)):
            _tell(f"{count:,} skills: {BURST} at once, {len(bursts) + 1} of {max(1, saves // 5)}")
            bursts.append(_save_many(sidecar.client, skills, salt))
    return live, floor, bursts


def _made(number: int) -> Made:
    return Made(f"thing_{number}", _source(number, 0), Every(seconds=3600 * _hours(number)))


def _warm_up(client: Client, skills: Path, count: int, salts: Iterator[int]) -> None:
    """Until the checker has its library loaded, each check takes ten times as long."""
    began = time.monotonic()
    while time.monotonic() < began + WARM_UP:
        _tell(f"{count:,} skills: the checker warms up")
        salt = next(salts)
        _save(client, skills, salt % count, salt)


def _tell(progress: str) -> None:
    print(f"save: {progress}", file=sys.stderr, flush=True)


def _save(client: Client, skills: Path, number: int, salt: int) -> float:
    """Milliseconds from the rename to the moment that tells that the version is live."""
    name = f"thing_{number}"
    new = skills / f".{name}.new"
    new.write_text(_source(number, salt))
    before = client.skill(name).skill.version
    moments = client.moments()
    started = time.perf_counter()
    new.rename(skills / f"{name}.py")
    live = next(item for item in moments if _is_live(item) and item.data["skill"] == name)
    taken = (time.perf_counter() - started) * 1000
    if client.skill(name).skill.version != live.data["version"] != before:
        raise AssertionError(f"{name} is not live as saved: {live.data}")
    return taken


def _is_live(moment: views.Moment) -> bool:
    if moment.topic == "check" and not moment.data["passed"]:
        raise AssertionError(f"{moment.data['skill']} is refused: {moment.data}")
    return moment.topic == "skill" and moment.data["what"] == "live"


def _save_many(client: Client, skills: Path, salt: int) -> float:
    """Milliseconds from the first rename to the moment that tells that the last one is live."""
    names = {f"thing_{number}" for number in range(BURST)}
    for number in range(BURST):
        (skills / f".thing_{number}.new").write_text(_source(number, salt))
    moments = client.moments()
    started = time.perf_counter()
    for name in sorted(names):
        (skills / f".{name}.new").rename(skills / f"{name}.py")
    while names:
        item = next(moments)
        if _is_live(item):
            names.discard(str(item.data["skill"]))
    return (time.perf_counter() - started) * 1000


def _batch_mypy(folder: Path) -> Callable[[str], None]:
    """The type check alone, as the sidecar falls back to it."""
    mypy = BatchMypy(folder / "floor", Limits())

    def check(source: str) -> None:
        snapshot = Snapshot(entry="skills/thing_0.py", files={"skills/thing_0.py": source.encode()})
        if problems := mypy.check(snapshot):
            raise AssertionError(problems)

    check(_source(0, 0))  # the first one warms the cache
    return check


def _timed(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _source(number: int, salt: int) -> str:
    return SOURCE.format(number=number, salt=salt, hours=_hours(number))


def _hours(number: int) -> int:
    return 1 + number % 23


def _spread(figures: list[float]) -> str:
    ordered = sorted(figures)
    return f"median {statistics.median(ordered):.0f}, p90 {ordered[int(len(ordered) * 0.9)]:.0f}"
