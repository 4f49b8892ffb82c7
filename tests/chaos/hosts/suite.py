"""Hosts are killed, frozen and cut off, the server is stopped, replies are lost: all under load, and all ends well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random

import sqlalchemy as sa

from sidecar.client.views import FINAL
from sidecar.store.schema import runs
from tests.chaos.hosts.place import WORKER, Place
from tests.chaos.suite import Suite
from tests.chaos.ten_steps import NAME, STEPS, TenSteps, text
from tests.chaos.ticker import TICKER, TICKER_TEXT, assert_every_slot_once
from tests.hosts.fleet import freeze, thaw
from tests.support import postgresql
from tests.support.processes import is_alive, workers_of
from tests.support.sink import Sink
from tests.support.waiting import wait_until

RUNS = 24  # in a case
WITHIN = 180.0  # seconds for all of them
GOES_ON_WITHIN = 10.0  # seconds from a host's end until others execute its runs
DEAD_WITHIN = 7.0  # seconds after a host was cut off


class Hosts(Suite):
    """A case is one strike under 24 runs of ten steps and a schedule of every second."""

    name = "hosts"
    promise = "many hosts on one database: whichever is gone, its runs go on elsewhere, and nothing is done twice"
    small = 1
    full = 120

    def open(self) -> None:
        self._sink = self.opened.enter_context(Sink())
        self._place = Place(self.folder, self.opened)
        self._words = (f"word{number}" for number in count(1))
        leader = self._place.all_is_well()
        leader.put(NAME, text(self._sink))
        leader.put(TICKER, TICKER_TEXT)

    def cases(self, count: int) -> Iterable[str]:
        kinds = list(self._kinds())
        Random(self.seed).shuffle(kinds)
        return (f"{kinds[number % len(kinds)]}.{number // len(kinds)}" for number in range(count))

    def run(self, case: str) -> None:
        kind, chance = case.partition(".")[0], Random(f"{self.seed} {case}")
        leader = self._place.all_is_well()
        self._sink.forget()
        work = TenSteps(self._place.fleet.query, self._sink, [next(self._words) for _ in range(RUNS)])
        for word in work.words:
            leader.client.run_skill(NAME, word)
        begun = chance.randint(1, RUNS * STEPS // 2)
        wait_until(lambda: self._sink.paths().total() >= begun, f"{begun} steps are begun", within=WITHIN)
        self._kinds()[kind](chance)
        self.figures[kind] += 1
        wait_until(lambda: not self._unfinished(), f"the {RUNS} runs end", within=WITHIN)
        self.figures["runs"] += RUNS
        self._place.all_is_well()
        self.figures["repeated requests"] += work.hold()
        assert all(max(self._sink.keys(path).values()) <= 2 for path in self._sink.paths()), "one strike, one repeat"
        assert_every_slot_once(self._place.fleet.query)

    def _unfinished(self) -> int:
        open_ = sa.select(sa.func.count()).where(runs.c.skill == NAME, runs.c.state.not_in(FINAL))
        ((number,),) = self._place.fleet.query(open_)
        return number

    def _kinds(self) -> dict[str, Callable[[Random], None]]:
        return {
            "killed-worker": lambda _: self._killed(WORKER),
            "killed-leader": lambda _: self._killed(self._leader()),
            "frozen": lambda chance: self._frozen(self._one(chance)),
            "cut-off": lambda chance: self._cut_off(self._one(chance)),
            "database-away": self._database_away,
            "lost-commit": self._lost_commit,
        }

    # ------------------------------------------------------------ what happens, and is mended again

    def _killed(self, name: str) -> None:
        with self._gone(name):
            self._place.fleet.kill(self._place.hosts[name])
        self._place.hosts[name].start()

    def _frozen(self, name: str) -> None:
        try:
            with self._gone(name):
                freeze(self._place.hosts[name])
        finally:
            thaw(self._place.hosts[name])

    def _cut_off(self, name: str) -> None:
        host = self._place.hosts[name]
        workers = workers_of(host.pid)
        with self._gone(name):
            self._place.proxies[name].cut()
            wait_until(
                lambda: not any(map(is_alive, [*workers, *workers_of(host.pid)])),
                f"no worker is left on {name}, which is cut off",
                within=DEAD_WITHIN,
            )
        self._place.proxies[name].heal()

    def _database_away(self, chance: Random) -> None:
        postgresql.stop(chance.choice(("fast", "immediate")))
        back = time.monotonic() + chance.uniform(0.0, 20.0)
        wait_until(lambda: time.monotonic() > back, "it stays away for a while", within=30)
        postgresql.start()

    def _lost_commit(self, chance: Random) -> None:
        proxy = self._place.proxies[self._one(chance)]
        proxy.lose_commit()
        wait_until(lambda: proxy.has_lost_commits, "a commit's reply is lost", within=WITHIN)

    # ------------------------------------------------------------ the pieces

    def _leader(self) -> str:
        return wait_until(self._place.leader, "one leads", within=WITHIN)

    def _one(self, chance: Random) -> str:
        return chance.choice((WORKER, self._leader()))

    @contextmanager
    def _gone(self, name: str) -> Iterator[None]:
        """Strike in here: others take what this host has, in time."""
        led = self._leader() == name
        wait_until(lambda: self._place.under_way([name]), f"{name} executes something", within=WITHIN)
        struck = time.time()
        under_way = self._place.under_way([name])
        yield
        if led:
            wait_until(lambda: self._place.leader() not in (name, None), "another one leads", within=WITHIN)
            self.times["the lead was taken over after"].append(time.time() - struck)
        if under_way:
            went_on = wait_until(lambda: self._place.gone_on(under_way), f"the runs of {name} go on", within=WITHIN)
            self.times["runs went on elsewhere after"].append(went_on - struck)
            self.figures[f"later than {GOES_ON_WITHIN:g} s"] += went_on - struck > GOES_ON_WITHIN
