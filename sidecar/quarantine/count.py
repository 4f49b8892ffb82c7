"""What is counted of each skill's runs, and whether a trigger may start it.

A skill without a row is closed and has not failed since its last success. When another version becomes active,
that one starts afresh.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.client import views
from sidecar.clock import moment
from sidecar.journal.runs import FINAL
from sidecar.quarantine.breaker import Breaker
from sidecar.store import Row
from sidecar.store.prepared import Prepared
from sidecar.store.schema import breakers, runs, skills
from sidecar.store.values import insert
from skills.errors import WrongInput
from skills.wire import ErrorInfo

_BUDGET = ("budget_exhausted", "BudgetExhausted")
_CANCELLED = "Cancelled"  # a skill may have an error of its own with that name, and with the next one
_WRONG_INPUT = WrongInput.__name__

_BREAKER = Prepared(sa.select(breakers).where(breakers.c.skill == sa.bindparam("skill")))
_OPEN = Prepared(sa.select(breakers.c.skill).where(breakers.c.opened_at.is_not(None)))
_ACTIVE = Prepared(  # with its breaker, if it has one
    sa.select(skills.c.active, breakers)
    .outerjoin(breakers, breakers.c.skill == skills.c.name)
    .where(skills.c.name == sa.bindparam("skill"))
)


# ---------------------------------------------------------------- what does not count


def blameless(run: sa.ColumnElement[str], error_type: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether that error says nothing about the skill: its budget is used up, or a run that it called was cancelled."""
    return sa.or_(error_type.in_(_BUDGET), sa.and_(error_type == _CANCELLED, _has_cancelled_child(run)))


def _is_blameless(connection: Connection, run: str, error: ErrorInfo) -> bool:
    """And that it was started with what it does not take; the review looks at that all the same."""
    if error.type == _CANCELLED:
        return bool(connection.scalar(sa.select(_has_cancelled_child(sa.literal(run)))))
    if error.type == _WRONG_INPUT:
        return not (error.step or error.traceback)  # of a run that it called, or raised by its own code
    return error.type in _BUDGET


def _has_cancelled_child(run: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    called = runs.alias("called")
    return sa.exists().where(called.c.parent == run, called.c.parent_step.is_not(None), called.c.state == "cancelled")


# ---------------------------------------------------------------- counted, where a run ends


def count_end(connection: Connection, run: Row, now: float, error: ErrorInfo | None = None) -> None:
    """Count how this run has ended, if it says something about the version that is active."""
    if run.rehearsal or run.trigger == "on_failure" or (error and _is_blameless(connection, run.id, error)):
        return
    row = _ACTIVE.row(connection, {"skill": run.skill})
    if row is None or row.active != run.version:
        return
    if row.skill is None and not error:
        return  # a success that follows no failure
    before = breaker_of(connection, row) if row.skill else Breaker()
    put(connection, run.skill, before.failed(run.id, now) if error else before.succeeded(run.id))


# ---------------------------------------------------------------- asked, where a trigger is due


def held_back(connection: Connection, skill: str, now: float) -> str | None:
    """Why a trigger may not start this skill now; None: it may. Whoever starts it says so with `let_through`."""
    breaker = load(connection, skill)
    if breaker.lets_through(now):
        return None
    if breaker.trial is not None:
        return f"quarantined after {breaker.failures} failures in a row; run {breaker.trial} is its trial"
    return f"quarantined after {breaker.failures} failures in a row; see run {breaker.last_run}"


def quarantined(connection: Connection) -> set[str]:
    """The skills that may be held back; of all others, none is."""
    return {row.skill for row in _OPEN.rows(connection)}


def let_through(connection: Connection, skill: str, run: str) -> None:
    """A trigger has started this run; of a quarantined skill, it is the trial."""
    breaker = load(connection, skill)
    if breaker.is_open:
        put(connection, skill, breaker.started(run))


# ---------------------------------------------------------------- rows


def load(connection: Connection, skill: str) -> Breaker:
    row = _BREAKER.row(connection, {"skill": skill})
    return breaker_of(connection, row) if row else Breaker()


def put(connection: Connection, skill: str, breaker: Breaker) -> None:
    if breaker in (Breaker(), Breaker(last_run=breaker.last_run, failed_at=breaker.failed_at)):
        connection.execute(breakers.delete().where(breakers.c.skill == skill))
        return
    values = vars(breaker)
    connection.execute(
        insert(connection, breakers)
        .values(skill=skill, **values)
        .on_conflict_do_update(index_elements=["skill"], set_=dict(values))
    )


def start_afresh(connection: Connection, skill: str) -> bool:
    """Close the breaker, and count from the beginning. True: it was open."""
    breaker = load(connection, skill)
    put(connection, skill, breaker.afresh())
    return breaker.is_open


def quarantines(connection: Connection) -> dict[str, views.Quarantine]:
    """Every skill that is quarantined."""
    found = {row.skill: breaker_of(connection, row) for row in connection.execute(sa.select(breakers)).all()}
    return {skill: _view(connection, breaker) for skill, breaker in found.items() if breaker.is_open}


def breaker_of(connection: Connection, row: Row) -> Breaker:
    breaker = Breaker(
        failures=row.failures,
        failed_at=row.failed_at,
        last_run=row.last_run,
        opened_at=row.opened_at,
        trial_from=row.trial_from,
        trial=row.trial,
        told=row.told,
    )
    if breaker.trial is None:
        return breaker
    state = connection.scalar(sa.select(runs.c.state).where(runs.c.id == breaker.trial))
    return breaker if state is not None and state not in FINAL else breaker.without_trial()


def _view(connection: Connection, breaker: Breaker) -> views.Quarantine:
    assert breaker.opened_at is not None and breaker.trial_from is not None  # noqa: S101 # it is open
    return views.Quarantine(
        since=moment(breaker.opened_at),
        reason=reason_of(connection, breaker),
        trial_from=moment(breaker.trial_from),
        trial=breaker.trial,
        last_run=breaker.last_run,
    )


def reason_of(connection: Connection, breaker: Breaker) -> str:
    error = last_error(connection, breaker)
    return f"it failed {breaker.failures} times in a row{f'; the last time {error}' if error else ''}"


def last_error(connection: Connection, breaker: Breaker) -> str:
    error = connection.scalar(sa.select(runs.c.error).where(runs.c.id == breaker.last_run))
    return f"{error['type']}: {error['message']}" if error else ""
