"""What the sidecar asks before something is spent, and tells after."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.budget import ledger, waits
from sidecar.budget.accounts import Amounts, Payer, configured_caps, millionths
from sidecar.budget.estimate import at_most
from sidecar.budget.question import put
from sidecar.budget.tell import tell_of_wait, warn
from sidecar.budget.words import Over
from sidecar.client.settings import Settings
from sidecar.client.views import What
from sidecar.clock import Clock
from sidecar.gateway import Aborted
from sidecar.journal.runs import Segment, check_fence
from sidecar.store import Store
from skills.wire import StepKey

LOOK_AGAIN = 0.5  # seconds; a call that another host has settled is noticed by then


class OverCap(Exception):
    """There is no room under a cap. `passes`: there may be, once the calls that are under way are settled."""

    def __init__(self, over: Over, payer: Payer, wanted: Amounts, *, passes: bool) -> None:
        super().__init__(str(over))
        self.over = over
        self.payer = payer
        self.wanted = wanted
        self.passes = passes

    @property
    def words(self) -> str:
        return f"{self.over}. To let it go on: {self.over.command}"


class Budget:
    """Caps on what runs spend. Asked from several threads."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self.store = store
        self.clock = clock
        self.go_by(settings)
        self._settled = threading.Condition()

    def go_by(self, settings: Settings) -> None:
        """Of many hosts, all by what the one that leads says."""
        self.settings = settings
        self.configured = configured_caps(settings)
        self._zone = ZoneInfo(settings.zone)

    @property
    def today(self) -> str:
        return f"{datetime.fromtimestamp(self.clock.now(), self._zone):%Y-%m-%d}"

    def payer(self, connection: Connection, run: str, skill: str) -> Payer:
        return ledger.payer_of(connection, run, skill, self.today)

    def count(self, connection: Connection, what: What, run: str, skill: str, *, capped: bool = True) -> None:
        """One more of these is about to be; in the transaction that lets it be. Raises OverCap."""
        payer = self.payer(connection, run, skill)
        if capped:
            self.require_room(connection, payer, {what: 1})
        ledger.add(connection, payer, {what: 1})
        warn(connection, payer, [what], self.configured, self.clock.now())

    def require_room(self, connection: Connection, payer: Payer, wanted: Amounts) -> None:
        """Raises OverCap."""
        if over := ledger.first_over(connection, payer, wanted, self.configured):
            missing = over.used + over.wanted - over.cap
            passes = over.account.what == "usd" and ledger.under_way(connection, over.account) >= missing
            raise OverCap(over, payer, wanted, passes=passes)

    def payment(self, segment: Segment, skill: str, step: StepKey, abort: threading.Event) -> Payment:
        return Payment(self, segment, skill, step, abort)

    def hold(self, segment: Segment, step: StepKey, reached: OverCap) -> None:
        """The step's try ends here; it waits until there is room for what it wants."""

        def change(connection: Connection) -> None:
            check_fence(connection, segment)
            waits.hold_step(connection, segment.run, step, self.clock.now())
            self.wait(connection, reached, step)

        self.store.write(change)

    def wait(self, connection: Connection, reached: OverCap, step: StepKey) -> None:
        """For a step that waits from this transaction on: what for, and how long. A person is asked once a run."""
        now, within = self.clock.now(), self.settings.budget_wait
        waits.wait(connection, reached.payer, step, reached.over, reached.wanted, now, within)
        if put(connection, reached.payer, reached.over, now, now + within):
            tell_of_wait(connection, reached.payer, reached.over, now)

    def tell_settled(self) -> None:
        """There may be room where there was none."""
        with self._settled:
            self._settled.notify_all()

    def await_settled(self) -> None:
        with self._settled:
            self._settled.wait(LOOK_AGAIN)


class Payment:
    """Of one effect: each try of a model call is reserved by itself, and the last one is settled."""

    def __init__(self, budget: Budget, segment: Segment, skill: str, step: StepKey, abort: threading.Event) -> None:
        self._budget = budget
        self._segment = segment
        self._skill = skill
        self._step = step
        self._abort = abort
        self._reservation: int | None = None
        self.unbilled = False  # the call has failed in a way that cost nothing
        self.spent: dict[str, JsonValue] | None = None  # the call has failed, and what it cost is known

    def reserve(self, request: dict[str, Any]) -> None:
        """Set aside what one more try costs at most; the try before it, if any, may have been billed. Raises OverCap,
        after the calls that are under way and might make room have been waited for."""
        wanted: Amounts = {"usd": at_most(request, self._budget.settings), "model_calls": 1}
        if self._reservation is not None:
            self._budget.store.write(partial(ledger.keep, number=self._reservation))
        while True:
            try:
                self._reservation = self._budget.store.write(partial(self._reserve, wanted=wanted))
            except OverCap as reached:
                if not reached.passes:
                    raise
            else:
                return
            if self._abort.is_set():
                raise Aborted("The call was given up while it waited for room under its cap.")
            self._budget.await_settled()

    def close(self, connection: Connection, reply: JsonValue) -> None:
        """The call is over. Where it has no reply that says what it cost, and may have been billed, it counts as it was
        reserved."""
        if self._reservation is None:
            return
        if told := reply if isinstance(reply, dict) else self.spent:
            self._settle(connection, self._reservation, told)
        elif self.unbilled:
            ledger.release(connection, self._reservation)
        else:
            ledger.keep(connection, self._reservation)

    def _reserve(self, connection: Connection, wanted: Amounts) -> int:
        check_fence(connection, self._segment)
        payer = self._budget.payer(connection, self._segment.run, self._skill)
        self._budget.require_room(connection, payer, wanted)
        now = self._budget.clock.now()
        return ledger.reserve(connection, payer, self._step, self._segment.attempt, wanted, now)

    def _settle(self, connection: Connection, reservation: int, reply: dict[str, Any]) -> None:
        known = reply.get("cost_usd")
        cost = reply["estimated_usd"] if known is None else known
        payer = ledger.settle(connection, reservation, millionths(cost), priced=known is not None)
        warn(connection, payer, ["usd", "model_calls"], self._budget.configured, self._budget.clock.now())
