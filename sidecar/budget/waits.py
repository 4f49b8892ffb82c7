"""Steps that wait until a cap has room for them: how they begin to, go on, or have waited too long."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.budget.accounts import Account, Amounts, Payer
from sidecar.budget.ledger import Configured, amounts_of, caps_of, payer_of
from sidecar.budget.question import asking, put, withdraw
from sidecar.budget.tell import tell_of_wait
from sidecar.budget.words import Over
from sidecar.journal.runs import FINAL, wake
from sidecar.store import Row
from sidecar.store.schema import budget_waits, runs, step_attempts, steps
from sidecar.store.values import insert
from skills.wire import StepKey


def wait(
    connection: Connection, payer: Payer, step: StepKey, over: Over, wanted: Amounts, now: float, within: float
) -> None:
    """The step waits, from now on for so many seconds at most."""
    row = {"run": payer.run, "step": step.name, "occurrence": step.occurrence, "root": payer.root, "skill": payer.skill}
    row |= {"scope": over.account.scope, "what": over.account.what, "wanted": dict(wanted)}
    row |= {"told": str(over), "command": over.command}
    row |= {"since": now, "expires_at": now + within}
    connection.execute(
        insert(connection, budget_waits)
        .values(**row)
        .on_conflict_do_update(index_elements=list(budget_waits.primary_key.columns), set_=row)
    )


def hold_step(connection: Connection, run: str, step: StepKey, now: float) -> None:
    """Its try ends here, unfinished; it is none that failed."""
    mine = {"run": run, "name": step.name, "occurrence": step.occurrence}
    connection.execute(steps.update().where(*_is(steps, mine)).values(state="waiting", wake_at=None))
    connection.execute(
        step_attempts.update()
        .where(*_is(step_attempts, mine), step_attempts.c.outcome == "running")
        .values(outcome="held", ended_at=now)
    )


def let_go_on(connection: Connection, configured: Configured, day: str, now: float) -> list[str]:
    """Wake the runs whose steps have room now, the longest waiting first; which. `day` is today's: what waited for
    a day's or a month's cap has that of the new one. Of the others it is told what they wait for now: where one cap was
    raised, another may be in the way."""
    waiting = connection.execute(sa.select(budget_waits).order_by(budget_waits.c.since)).all()
    if not waiting:
        return []
    payers = [payer_of(connection, row.run, row.skill, day, row.root) for row in waiting]
    wanted = [_wanted(row, payer) for row, payer in zip(waiting, payers, strict=True)]
    accounts = list(dict.fromkeys(account for needed in wanted for account in needed))
    used, caps = amounts_of(connection, accounts), caps_of(connection, accounts, configured)
    asked, woken = asking(connection), []
    for row, payer, needed in zip(waiting, payers, wanted, strict=True):
        full = next((each for each, amount in needed.items() if used[each] + amount > caps[each]), None)
        if full is None:
            used |= {account: used[account] + amount for account, amount in needed.items()}
            _go_on(connection, row, now)
            woken.append(row.run)
        else:
            over = Over(full, used[full], needed[full], caps[full])
            _tell_anew(connection, row, over)
            if row.run not in asked and put(connection, payer, over, now, row.expires_at):
                tell_of_wait(connection, payer, over, now)
    withdraw(connection, now)
    return list(dict.fromkeys(woken))


def expired(connection: Connection, now: float) -> Sequence[Row]:
    """Of each run whose time is up, the step that has waited longest."""
    found = connection.execute(
        sa.select(budget_waits).where(budget_waits.c.expires_at <= now).order_by(budget_waits.c.since.desc())
    )
    return list({row.run: row for row in found}.values())


def is_over(connection: Connection, run: str, now: float) -> bool:
    """Whether its time is up; a cap may have been raised since somebody looked."""
    late = sa.select(budget_waits.c.run).where(budget_waits.c.run == run, budget_waits.c.expires_at <= now)
    return connection.execute(late).first() is not None


def forget(connection: Connection, run: str) -> None:
    """The run is over."""
    connection.execute(budget_waits.delete().where(budget_waits.c.run == run))


def forget_the_ended(connection: Connection) -> None:
    over = sa.exists().where(runs.c.id == budget_waits.c.run, runs.c.state.in_(FINAL))
    connection.execute(budget_waits.delete().where(over))


def _wanted(row: Row, payer: Payer) -> dict[Account, int]:
    return {account: amount for what, amount in row.wanted.items() for account in payer.accounts(what)}


def _tell_anew(connection: Connection, row: Row, over: Over) -> None:
    told = {"scope": over.account.scope, "what": over.account.what, "told": str(over), "command": over.command}
    if any(getattr(row, name) != value for name, value in told.items()):
        here = {"run": row.run, "step": row.step, "occurrence": row.occurrence}
        connection.execute(budget_waits.update().where(*_is(budget_waits, here)).values(**told))


def _go_on(connection: Connection, row: Row, now: float) -> None:
    step = {"run": row.run, "name": row.step, "occurrence": row.occurrence}
    connection.execute(
        steps.update().where(*_is(steps, step), steps.c.state == "waiting").values(state="retrying", wake_at=now)
    )
    here = {"run": row.run, "step": row.step, "occurrence": row.occurrence}
    connection.execute(budget_waits.delete().where(*_is(budget_waits, here)))
    wake(connection, row.run, now)


def _is(table: sa.Table, key: dict[str, object]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]
