"""Every click gets an answer, and the first that counts is the decision.

An answer is judged inside the transaction that stores it, by the store's clock: of two that come at once the second
finds the first, and one that comes with the expiry finds that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals.asking import DONE, NOT_YET, NewApproval, ask, put_approval
from sidecar.approvals.grants import GRANT_AT_MOST, NewGrant, covering, grant
from sidecar.approvals.rules import Rules
from sidecar.caller import TEND, CommandRefused
from sidecar.clock import Clock, moment
from sidecar.journal.runs import resolve_step
from sidecar.registry import record_audit
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import approvals
from skills.wire import NOT_DONE, ErrorInfo

Outcome: TypeAlias = Literal["counted", "already", "late", "void", "not_allowed", "not_found"]
SILENCE = "nobody answered in time"

_NEXT_EXPIRY = Prepared(sa.select(sa.func.min(approvals.c.expires_at).label("due")).where(approvals.c.state == "open"))


@dataclass(frozen=True)
class Standing:
    """For so many seconds, with any value for the arguments called `any_of`."""

    seconds: float
    any_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """`text` is yes or no; done or not-done; or the words that the agent asked for. `via` is the surface. With
    `standing` a yes is one to the like for a while too."""

    text: str
    because: str
    who: str
    via: str
    standing: Standing | None = None


@dataclass(frozen=True)
class Answered:
    """What became of an answer; `said` tells whoever gave it."""

    outcome: Outcome
    said: str
    row: Row | None = None


@dataclass(frozen=True)
class Ended:
    """How an approval ends, and with what the step that waits for it."""

    state: Literal["approved", "denied", "answered", "expired"]
    result: JsonValue = None
    error: ErrorInfo | None = None


Act = Callable[[Connection, Row, Ended], None]


class Approvals:
    """Answers approvals, or lets them expire.

    Where no run waits for the answer, whoever asks says once what it does:

        approvals.on_answer("budget", lambda connection, row, ended: ...)    # in the answer's transaction
        ask(connection, NewApproval("budget", skill, "May it …?", call={"arguments": {"cap": 2.5}}), now)
    """

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self._clock = clock
        self._rules = rules
        self._acts: dict[str, Act] = {}

    def on_answer(self, kind: str, act: Act) -> None:
        """`act` is called with the approval's row and how it ended: `ended.state` is approved, denied or expired."""
        self._acts[kind] = act

    def ask_unless_granted(self, connection: Connection, new: NewApproval) -> JsonValue:
        """The yes of a standing approval, which is recorded as its use; or None, and a person is asked."""
        now = self._clock.now()
        need = self._rules.need_of_irreversible((new.call or {}).get("does"))
        found = covering(connection, new, now) if need == "ask" else None
        if found is None:
            ask(connection, new, now)
            return None
        because = f"standing approval {found.id}{': ' * bool(found.reason)}{found.reason}"
        by = {"answer": "yes", "answer_reason": because, "answered_by": found.granted_by, "answered_via": "grant"}
        put_approval(connection, new, now, state="approved", grant_used=found.id, answered_at=now, **by)
        record_audit(connection, now, found.granted_by, "approved", f"approval {new.id}", because, skill=new.skill)
        return {"approved": True, "by": found.granted_by, "because": because}

    def answer(self, connection: Connection, identity: str, given: Answer) -> Answered:
        """Raises CommandRefused where the text is none of the answers there are."""
        now = self._clock.now()
        row = _row(connection, identity)
        if row is None:
            return Answered("not_found", f"there is no approval {identity!r}. See what waits: tend approvals list")
        if row.state != "open":
            return _too_late(row)
        if not self._rules.may_answer(given.who, row.skill):
            said = f"{given.who} is not among the approvers of {row.skill}; nothing was decided: {row.question}"
            return Answered("not_allowed", said, row)
        if _is_due(row, now):
            return _too_late(self._end(connection, row, _expired(row), now))
        ended = _read(row, given)
        if given.standing:
            grant(connection, _granted(row, given, given.standing, now), now)
        row = self._end(connection, row, ended, now, given)
        return Answered("counted", f"{ended.state}: {row.question}", row)

    def expire_due(self, connection: Connection) -> list[Row]:
        """End those that nobody has answered in time, and wake the runs that wait for them."""
        now = self._clock.now()
        due = connection.execute(
            sa.select(approvals).where(approvals.c.state == "open", approvals.c.expires_at <= now).order_by("asked_at")
        ).all()
        return [self._end(connection, row, _expired(row), now) for row in due]

    def _end(self, connection: Connection, row: Row, ended: Ended, now: float, given: Answer | None = None) -> Row:
        values: dict[str, Any] = {"state": ended.state, "answered_at": now}
        if given:
            values |= {"answer": given.text, "answer_reason": given.because or None}
            values |= {"answered_by": given.who, "answered_via": given.via}
        connection.execute(approvals.update().where(approvals.c.id == row.id).values(**values))
        if row.run and row.step:
            resolve_step(connection, row.run, row.step, row.occurrence, now, result=ended.result, error=ended.error)
        if act := self._acts.get(row.kind):
            act(connection, row, ended)
        who, why = (given.who, given.because or given.text) if given else (TEND, SILENCE)
        record_audit(connection, now, who, ended.state, f"approval {row.id}", why, skill=row.skill)
        changed = _row(connection, row.id)
        assert changed is not None, row  # noqa: S101 # it has just been changed
        return changed


def void(connection: Connection, identity: str, why: str, now: float) -> None:
    """Nothing may be done upon this approval any more, though it was approved."""
    connection.execute(approvals.update().where(approvals.c.id == identity).values(state="void", answer_reason=why))
    record_audit(connection, now, TEND, "void", f"approval {identity}", why)


def next_expiry(connection: Connection) -> float | None:
    """When somebody has to look whether an approval has expired."""
    (found,) = _NEXT_EXPIRY.rows(connection)
    due: float | None = found.due
    return due


def _row(connection: Connection, identity: str) -> Row | None:
    return connection.execute(sa.select(approvals).where(approvals.c.id == identity)).first()


def _is_due(row: Row, now: float) -> bool:
    return row.expires_at is not None and row.expires_at <= now


def _too_late(row: Row) -> Answered:
    """What to say to an answer that changes nothing any more."""
    at = f"{moment(row.answered_at):%Y-%m-%d %H:%M:%S} UTC"
    if row.state == "expired":
        went_on = "what waited for it failed" if row.on_expiry == "fail" else "that was a no"
        return Answered("late", f"it expired before your answer, at {at}; {went_on}: {row.question}", row)
    if row.state == "void":
        return Answered("void", f"it is void since {at}, {row.answer_reason}; nothing was decided: {row.question}", row)
    return Answered("already", f"it is already {row.state} by {row.answered_by}, at {at}: {row.question}", row)


def _read(row: Row, given: Answer) -> Ended:
    if row.kind == "question":
        return Ended("answered", {"answer": given.text, "by": given.who})
    if row.kind == "unknown":
        return _resolve(given)
    if given.text not in ("yes", "no"):
        raise CommandRefused("usage", f"an approval is answered with yes or no, not {given.text!r}")
    approved = given.text == "yes"
    result: JsonValue = {"approved": approved, "by": given.who, "because": given.because or None}
    return Ended("approved" if approved else "denied", result)


def _granted(row: Row, given: Answer, standing: Standing, now: float) -> NewGrant:
    """The standing approval that a yes to this is too."""
    if row.kind != "approval" or not row.call or given.text != "yes":
        raise CommandRefused("usage", "only a yes to an irreversible step can be a standing one")
    if not 0 < standing.seconds <= GRANT_AT_MOST:
        raise CommandRefused("usage", f"a standing approval is for {GRANT_AT_MOST / 86400:g} days at most")
    arguments = row.call["arguments"]
    if unknown := [name for name in standing.any_of if name not in arguments]:
        raise CommandRefused(
            "usage", f"{row.call['step']} has no argument {unknown[0]!r}; it has {', '.join(arguments)}"
        )
    exact = {name: value for name, value in arguments.items() if name not in standing.any_of}
    until = now + standing.seconds
    return NewGrant(row.skill, row.call["version"], row.call["step"], exact, given.because, given.who, until)


def _resolve(given: Answer) -> Ended:
    """What the step had returned is lost either way."""
    if given.text not in (DONE, NOT_YET):
        raise CommandRefused("usage", f"say whether it was done: {DONE} or {NOT_YET}, not {given.text!r}")
    if given.text == DONE:
        return Ended("answered")
    because = f": {given.because}" if given.because else ""
    said = f"Tend died while it ran, and {given.who} said that it was not done{because}"
    return Ended("answered", error=ErrorInfo(type=NOT_DONE, message=said))


def _expired(row: Row) -> Ended:
    if row.on_expiry == "fail":
        return Ended("expired", error=ErrorInfo(type="ApprovalExpired", message=f"{SILENCE}: {row.question}"))
    return Ended("expired", {"approved": False, "by": None, "because": SILENCE})
