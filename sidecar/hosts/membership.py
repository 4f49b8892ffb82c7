"""This host among the others: it says that it is alive, and one of them leads.

    every second: renew ─► alive for LEASE seconds more
                       └─► who may lead does, if nobody else does, and says so for LEASE seconds more
    not renewed for LEASE seconds ─► lost: this process ends all that it runs, at once, and starts anew, or ends where
                                     it was told to
    not heard of for TAKE_OVER_AFTER seconds ─► the leader gives its runs to others; of the leader: another one leads

A host measures its lease by its own steady clock, from before it asked. The leader measures by its own how long the
others are silent, from when it saw them renewed; its own silence they see by the database's clock. So a host that can't
renew itself has ended before anybody takes its place. One that is frozen as a whole can't end itself: what it writes
when it thaws is refused by the fence of each run, and a slot that has its row fires no more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.dispatch.queue import ANY, Queue
from sidecar.failpoints import failpoint
from sidecar.hosts.clock import NOW, SharedClock
from sidecar.hosts.identity import Identity
from sidecar.hosts.times import LEASE, LOOK_FOR_SILENT_EVERY, RENEW_EVERY, TAKE_OVER_AFTER
from sidecar.looking import Seldom
from sidecar.store.postgresql import engine_of
from sidecar.store.schema import hosts, leadership
from sidecar.store.values import insert

LOOK_EVERY = 0.1  # seconds between two looks whether the lease is over

log = logging.getLogger(__name__)


class Membership:
    """`lead` is called once, where this host may lead and its turn has come; `adopt` before it, where the files of
    another host were the last that counted; `tend` every second from then on. `follow` is called at each renewal: this
    host goes by what the leader says, and False means that none has led yet. `lost` is called where nothing may go on
    as it is."""

    def __init__(
        self,
        address: str,
        me: Identity,
        clock: SharedClock,
        queue: Queue,
        *,
        may_lead: bool,
        follow: Callable[[Connection], bool],
        adopt: Callable[[], None],
        lead: Callable[[], None],
        tend: Callable[[], None],
        lost: Callable[[str], None],
    ) -> None:
        self._engine = engine_of(address, connections=1, statement_timeout="2s")
        self._me = me
        self._clock = clock
        self._queue = queue
        self._may_lead = may_lead
        self._follow = follow
        self._adopt = adopt
        self._lead = lead
        self._tend = Seldom(tend)
        self._lost = lost
        self.leads = False
        self._alive_until = 0.0  # monotonic
        self._one_has_led = False
        self._has_files = False  # it leads, and its files are those that count
        self._over = threading.Event()
        self._lease = threading.Thread(target=self._watch, name="lease", daemon=True)
        self._threads = [threading.Thread(target=self._renew_for_ever, name="membership", daemon=True)]

    def start(self) -> None:
        """When this returns, the others know of this host, it fetches runs, and it leads if nobody else does. Where no
        host has ever led, it waits: nobody has said yet what holds for all."""
        with self._engine.connect() as connection:
            self._forget_earlier_lives(connection)
            self._introduce(connection)
        was_mine = self._renew()
        self.leads = was_mine is not None
        for thread in (self._lease, *self._threads):
            thread.start()
        if was_mine is not None:
            self._take_over(was_mine)
            self._begin(self._look_after_others)
        elif not self._one_has_led:
            log.warning("no host has led yet: this one waits for one that leads")
            while not self._one_has_led:
                time.sleep(LOOK_EVERY)
        self._queue.fetch(ANY)

    def stop(self) -> None:
        """Begin to lead no more, and renew nothing. The lease goes on: what this host runs has to end before that is
        over, as ever."""
        self._over.set()
        for thread in self._threads:  # the first one may begin another until it is over
            if thread.is_alive():
                thread.join()

    def give_up(self) -> None:
        """Where nothing is under way here any more: the lead, so that the next one need not wait."""
        try:
            with self._engine.connect() as connection:
                connection.execute(leadership.update().where(leadership.c.host == self._me.id).values(until=0.0))
                connection.execute(hosts.delete().where(hosts.c.id == self._me.id))
        except sa.exc.DBAPIError as error:
            log.warning("the other hosts could not be told that this one ends: %s", error.orig)
        self._engine.dispose()

    # ------------------------------------------------------------ known

    def _forget_earlier_lives(self, connection: Connection) -> None:
        """This process holds the workspace's lock: whatever this host had fetched before, nobody executes it now."""
        for worker in connection.scalar(sa.select(hosts.c.workers).where(hosts.c.id == self._me.id)) or ():
            self._queue.forget(worker)

    def _introduce(self, connection: Connection) -> None:
        said = {"name": self._me.name, "workers": self._queue.workers(), "started_at": NOW, "seen_at": NOW}
        row = insert(connection, hosts).values(id=self._me.id, **said)
        connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=said))
        nobody = insert(connection, leadership).values(only=1, host=None, until=0.0)
        connection.execute(nobody.on_conflict_do_nothing())

    # ------------------------------------------------------------ alive

    def _renew_for_ever(self) -> None:
        while not self._over.wait(RENEW_EVERY):
            try:
                had_files = self._has_files
                was_mine = self._renew()
                if was_mine is not None and not self.leads:
                    self._begin(partial(self._lead_from_now_on, was_mine))
                elif self.leads and (was_mine is None or (had_files and not was_mine)):
                    self._lost("another host leads, or has led meanwhile")
                self.leads = was_mine is not None
            except Exception as error:  # noqa: BLE001 # the lease decides how long that may go on
                log.warning("this host could not renew itself: %r", error)

    def _renew(self) -> bool | None:
        """None: another host leads. Else whether no other host's files have counted since this one's."""
        asked = time.monotonic()
        self._queue.renew()
        if self._may_lead:
            self._queue.listen()  # who leads has to know at once who is silent
        with self._engine.connect() as connection:
            said = {"seen_at": NOW, "workers": self._queue.workers()}
            mine = hosts.update().where(hosts.c.id == self._me.id).values(**said).returning(hosts.c.seen_at)
            before = time.time()
            self._clock.adjust(connection.execute(mine).scalar_one(), before, time.time())
            self._one_has_led = self._follow(connection)
            was_mine = self._hold_lead(connection) if self._may_lead else None
        self._alive_until = asked + LEASE
        return was_mine

    def _watch(self) -> None:
        while time.monotonic() <= self._alive_until:
            time.sleep(LOOK_EVERY)
        self._lost(f"this host has not renewed itself for {LEASE:g} s")

    # ------------------------------------------------------------ leading

    def _hold_lead(self, connection: Connection) -> bool | None:
        files_of = connection.scalar(sa.select(leadership.c.files_of))
        free = leadership.c.until < NOW - (TAKE_OVER_AFTER - LEASE)
        held = connection.execute(
            leadership.update()
            .where(sa.or_(leadership.c.host == self._me.id, free))
            .values(host=self._me.id, until=NOW + LEASE)
        )
        return files_of in (self._me.id, None) if held.rowcount else None

    def _begin(self, act: Callable[[], None]) -> None:
        thread = threading.Thread(target=act, name="leader", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _lead_from_now_on(self, was_mine: bool) -> None:
        log.info("this host leads")
        try:
            self._take_over(was_mine)
        except Exception as error:
            log.exception("this host could not lead")
            self._lost(f"this host could not lead: {error!r}")
        self._look_after_others()

    def _take_over(self, was_mine: bool) -> None:
        """A host that is lost before it has the store's files begins with them again: they are no person's edits."""
        failpoint("hosts.lead_taken")
        if not was_mine:
            self._adopt()
        with self._engine.connect() as connection:
            mine = leadership.update().where(leadership.c.host == self._me.id)
            connection.execute(mine.values(files_of=self._me.id))
        self._has_files = True
        self._lead()

    def _look_after_others(self) -> None:
        """At once: another host may have been gone for as long as the last leader."""
        while True:
            try:
                self._queue.retry_stalled(TAKE_OVER_AFTER)
                self._tend()
            except Exception:
                log.exception("the leader could not look after the runs of other hosts; it looks again")
            if self._over.wait(LOOK_FOR_SILENT_EVERY):
                return
