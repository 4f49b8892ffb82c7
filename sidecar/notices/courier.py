"""Brings one target its messages, in their order: each once, as far as that can be known.

    begin (on disk) ─► send ─┬─► sent, refused
                             ├─► later: tried again after a while
                             └─► lost: looked up after a while ─┬─► there: sent
                                                                ├─► not there: sent again
                                                                └─► can't be looked up: ambiguous

Whoever dies in between leaves `begun_at`, and the next one looks up first.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from sqlalchemy.engine import Connection

from sidecar.caller import TEND
from sidecar.clock import Clock
from sidecar.failpoints import failpoint
from sidecar.gateway import Aborted, ConnectFailed, EffectFailed, Gateway, RequestInvalid
from sidecar.gateway.requests import NoticeItem, NoticeRequest
from sidecar.gateway.senders.outcome import Outcome
from sidecar.looking import Looking
from sidecar.moments import Moments
from sidecar.notices import outbox
from sidecar.notices.alerts import RECOVERED, clear_alert, raise_alert
from sidecar.notices.outbox import Message
from sidecar.notices.patience import LOOK_UP_AFTER, TRIES, delay
from sidecar.notices.targets import Target
from sidecar.notices.tell import Notice, alert
from sidecar.notices.words import text_of, title_of
from sidecar.store import Store

LOOK_EVERY = 0.5  # seconds
UNDELIVERED = "undelivered"  # the alert


class Courier:
    """Of one target. What is under way when it stops is given up; the next start finds out what became of it."""

    def __init__(
        self, name: str, target: Target, store: Store, clock: Clock, gateway: Gateway, moments: Moments
    ) -> None:
        self._name = name
        self._target = target
        self._store = store
        self._clock = clock
        self._gateway = gateway
        self._moments = moments
        self.looking = Looking(clock, self._look, f"courier-{name}", every=LOOK_EVERY)

    def _look(self) -> None:
        with suppress(Aborted):
            while not self.looking.stopping.is_set() and self.deliver_next():
                pass

    def deliver_next(self) -> bool:
        """Take the next message one try further; whether there was one to be tried now."""
        first = self._store.read(lambda connection: outbox.head(connection, self._name))
        if first is None or first.due_at > self._clock.now():
            return False
        message = self._store.write(self._begin)
        if message is None:
            return True
        failpoint("notices.begun")
        if message.in_doubt:
            found = self._look_up(message)
            if found.state != "absent":
                self._record(message, found, may_be_there=True)
                return True
        outcome = self._ask("send", message)
        failpoint("notices.answered")
        self._record(message, outcome, may_be_there=outcome.state == "lost")
        return True

    def _look_up(self, message: Message) -> Outcome:
        found = self._ask("look_up", message)
        if found.state != "unknown":
            return found
        lost = message.reason or "Tend ended while it was on its way"
        return found.model_copy(update={"why": f"{lost}; {found.why}"})

    def _begin(self, connection: Connection) -> Message | None:
        return outbox.begin(connection, self._name, self._clock.now(), as_digest=self._target.digest > 0)

    def _ask(self, action: Literal["send", "look_up"], message: Message) -> Outcome:
        request = NoticeRequest(
            action=action,
            target=message.target,
            channel=message.channel,
            message=message.id,
            title=title_of(message),
            text=text_of(message),
            items=tuple(NoticeItem(skill=i.skill, run=i.run, kind=i.kind, text=i.text, at=i.at) for i in message.items),
            since=message.begun_at or self._clock.now(),
        )
        try:
            reply = self._gateway.effect("notice", request.model_dump(mode="json"), abort=self.looking.stopping)
        except Aborted:
            raise
        except ConnectFailed as failed:
            return Outcome(state="later", why=str(failed))
        except RequestInvalid as failed:
            return Outcome(state="refused", why=str(failed))
        except EffectFailed as failed:
            return Outcome(state="lost" if action == "send" else "later", why=str(failed))
        return Outcome.model_validate({name: value for name, value in reply.items() if name != "tries"})

    # ------------------------------------------------------------ what becomes of it

    def _record(self, message: Message, outcome: Outcome, *, may_be_there: bool) -> None:
        state = _state(outcome, message.tries, may_be_there=may_be_there)

        def change(connection: Connection) -> Notice | None:
            now = self._clock.now()
            if state != "waiting":
                outbox.settle(connection, message.id, state, now, reason=outcome.why, remote=outcome.remote)
                return self._alert(connection, message, state, outcome.why, now)
            wait = LOOK_UP_AFTER if outcome.state == "lost" else delay(message.tries, outcome.retry_after)
            begun_at = message.begun_at if may_be_there else None
            outbox.postpone(connection, message.id, now + wait, outcome.why, begun_at)
            return None

        told = self._store.write(change)
        failpoint("notices.recorded")
        if told is not None:
            self._moments.publish("notice", run="", skill=told.skill, target=told.target, text=told.text)

    def _alert(self, connection: Connection, message: Message, state: str, why: str, now: float) -> Notice | None:
        """What people have to be told of this; None where they know it, or need not."""
        if state == "sent":
            well = alert(RECOVERED, skill=TEND, text=f"{self._name} takes notices again.")
            return well if clear_alert(connection, self._name, UNDELIVERED, well, now) else None
        what = "may have come to" if state == "ambiguous" else "did not come to"
        text = (
            f"A notice {what} {self._name}: {why}. Send it again: tend notices retry {message.id}. "
            f"Let it go: tend notices drop {message.id}. Until one comes there again, this is not told once more."
        )
        wrong = alert(UNDELIVERED, skill=TEND, text=text)
        return wrong if raise_alert(connection, self._name, wrong, now, but_not=self._name) else None


def _state(outcome: Outcome, tries: int, *, may_be_there: bool) -> str:
    match outcome.state:
        case "sent":
            return "sent"
        case "unknown":
            return "ambiguous"
        case "later" | "lost" if tries < TRIES:
            return "waiting"
        case _:
            return "ambiguous" if may_be_there else "failed"
