"""The rows: what each account holds, and each reservation. All within the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.budget.accounts import Account, Amounts, Payer, millionths
from sidecar.budget.words import Over
from sidecar.client.views import Scope, What
from sidecar.store.prepared import Prepared
from sidecar.store.schema import caps, reservations, runs, spending, versions
from sidecar.store.values import each_of, insert, to_json
from skills.wire import StepKey

Configured = dict[tuple[Scope, What], int]

_SUBJECTS = each_of(sa.bindparam("subjects", type_=sa.Text()))
_SPENT = Prepared(
    sa.select(spending).where(
        *(column == sa.bindparam(column.key) for column in (spending.c.scope, spending.c.period, spending.c.what)),
        spending.c.subject.op("IN")(_SUBJECTS),
    )
)
_CAPS = Prepared(
    sa.select(caps).where(
        *(column == sa.bindparam(column.key) for column in (caps.c.scope, caps.c.what)),
        caps.c.subject.op("IN")(_SUBJECTS),
    )
)
_DECLARED = versions.c.manifest["budget"].as_float()


def payer_of(connection: Connection, run: str, skill: str, day: str, root: str | None = None) -> Payer:
    """Who pays with it: the run above this one that nothing called (`root`, where that is known), and those on the way
    to it that have a budget."""
    if run == root:
        return Payer(run, run, skill, day)
    above = sa.select(runs.c.id, runs.c.parent, runs.c.version).where(runs.c.id == run).cte("above", recursive=True)
    parent = sa.select(runs.c.id, runs.c.parent, runs.c.version).join(above, runs.c.id == above.c.parent)
    above = above.union(parent)
    budgets = sa.select(above.c.id, above.c.parent, _DECLARED.label("budget"))
    found = connection.execute(budgets.outerjoin(versions, versions.c.hash == above.c.version)).all()
    root = next((row.id for row in found if row.parent is None), run)
    within = tuple(row.id for row in found if row.budget is not None and row.id != root)
    return Payer(run, root, skill, day, within)


def first_over(connection: Connection, payer: Payer, wanted: Amounts, configured: Configured) -> Over | None:
    """The first cap that has no room for what is wanted; None: there is room under each."""
    accounts = [account for what in wanted for account in payer.accounts(what)]
    used, limits = amounts_of(connection, accounts), caps_of(connection, accounts, configured)
    for account in accounts:
        over = Over(account, used[account], wanted[account.what], limits[account])
        if over.used + over.wanted > over.cap:
            return over
    return None


def amounts_of(connection: Connection, accounts: Sequence[Account]) -> dict[Account, int]:
    rows = {
        Account(row.scope, row.subject, row.period, row.what): row.amount
        for alike in _but_for_their_subjects(accounts, "scope", "period", "what")
        for row in _SPENT.rows(connection, alike)
    }
    return {account: rows.get(account, 0) for account in accounts}


def caps_of(connection: Connection, accounts: Sequence[Account], configured: Configured) -> dict[Account, int]:
    """As a person has set them; or else as they are configured, or declared for a run where that is less."""
    rows = {
        (row.scope, row.subject, row.what): row.amount
        for alike in _but_for_their_subjects(accounts, "scope", "what")
        for row in _CAPS.rows(connection, alike)
    }
    declared = _declared(connection, accounts)
    return {
        each: rows.get(
            (each.scope, each.subject, each.what),
            min(configured[each.scope, each.what], declared.get(each, configured[each.scope, each.what])),
        )
        for each in accounts
    }


def _declared(connection: Connection, accounts: Sequence[Account]) -> dict[Account, int]:
    """The budgets of those that are of runs whose skill declares one."""
    of_runs = {each.subject: each for each in accounts if each.scope == "run" and each.what == "usd"}
    if not of_runs:
        return {}
    found = connection.execute(
        sa.select(runs.c.id, _DECLARED.label("budget"))
        .join(versions, versions.c.hash == runs.c.version)
        .where(runs.c.id.op("IN")(each_of(to_json(list(of_runs)))))
    )
    return {of_runs[row.id]: millionths(row.budget) for row in found if row.budget is not None}


def add(connection: Connection, payer: Payer, amounts: Amounts) -> None:
    """Count it in each account that it belongs to; below zero, give it back."""
    rows = [
        {**asdict(account), "amount": amount, "warned": False}
        for what, amount in amounts.items()
        for account in payer.accounts(what)
    ]
    added = insert(connection, spending).values(rows)
    connection.execute(
        added.on_conflict_do_update(
            index_elements=list(spending.primary_key.columns),
            set_={"amount": spending.c.amount + added.excluded.amount},
        )
    )


def reserve(connection: Connection, payer: Payer, step: StepKey, attempt: int, wanted: Amounts, now: float) -> int:
    """Set this much aside for one try of a model call; the reservation's number."""
    add(connection, payer, wanted)
    row = {"run": payer.run, "root": payer.root, "skill": payer.skill, "day": payer.day, "attempt": attempt, "at": now}
    row |= {"step": step.name, "occurrence": step.occurrence, "state": "reserved", "reserved": wanted["usd"]}
    made = reservations.insert().values(**row, priced=True).returning(reservations.c.seq)
    number: int = connection.execute(made).scalar_one()
    return number


def settle(connection: Connection, number: int, cost: int, *, priced: bool = True) -> Payer:
    """The call has cost this much."""
    return _close(connection, number, "settled", cost, priced=priced)


def release(connection: Connection, number: int) -> None:
    """The call was not billed."""
    _close(connection, number, "released", 0)


def keep(connection: Connection, number: int) -> None:
    """Nobody knows what the call has cost: it counts as it was reserved."""
    _close(connection, number, "kept")


def keep_those_of_lost_attempts(connection: Connection) -> int:
    """An attempt that is over settles nothing any more; returns how many reservations were left by one."""
    conducted = sa.exists().where(
        runs.c.id == reservations.c.run, runs.c.state == "running", runs.c.attempts == reservations.c.attempt
    )
    return connection.execute(
        reservations.update().where(reservations.c.state == "reserved", ~conducted).values(state="kept")
    ).rowcount


def under_way(connection: Connection, account: Account) -> int:
    """How much of the account is set aside for calls that are being made: settling them may give some of it back."""
    of_it = {
        "run": reservations.c.run.in_(_with_those_below(account.subject)),
        "skill": sa.and_(reservations.c.skill == account.subject, reservations.c.day == account.period),
        "day": reservations.c.day == account.period,
        "month": reservations.c.day.startswith(account.period),
    }[account.scope]
    total = sa.select(sa.func.coalesce(sa.func.sum(reservations.c.reserved), 0))
    return int(connection.scalar(total.where(reservations.c.state == "reserved", of_it)) or 0)


def _with_those_below(run: str) -> sa.Select[tuple[str]]:
    below = sa.select(runs.c.id).where(runs.c.id == run).cte("below", recursive=True)
    below = below.union(sa.select(runs.c.id).join(below, runs.c.parent == below.c.id))
    return sa.select(below.c.id)


def _close(connection: Connection, number: int, state: str, cost: int | None = None, *, priced: bool = True) -> Payer:
    """Its accounts are those of the day on which it was made."""
    row = connection.execute(
        reservations.update()
        .where(reservations.c.seq == number)
        .values(state=state, cost=cost, priced=priced)
        .returning(reservations)
    ).one()
    payer = payer_of(connection, row.run, row.skill, row.day, row.root)
    if cost is not None:
        add(connection, payer, {"usd": cost - row.reserved})
    return payer


def _but_for_their_subjects(accounts: Iterable[Account], *alike: str) -> Iterator[dict[str, str]]:
    """Those that have all but their subjects in common, as one question: a cap may be waited for by thousands."""
    subjects: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for account in accounts:
        subjects[tuple(getattr(account, name) for name in alike)][account.subject] = None
    for common, of_these in subjects.items():
        yield {**dict(zip(alike, common, strict=True)), "subjects": to_json(list(of_these))}
