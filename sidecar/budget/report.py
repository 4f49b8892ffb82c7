"""What was spent, as `tend cost` shows it."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from statistics import median

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.budget.accounts import MILLION, SCOPES, Account, Payer
from sidecar.budget.caps import to_number
from sidecar.budget.ledger import Configured, amounts_of, caps_of
from sidecar.client import views
from sidecar.client.views import What
from sidecar.clock import moment
from sidecar.store import Row
from sidecar.store.schema import budget_waits, caps, reservations, spending

DAYS_AT_MOST = 400  # that are told one by one


def cost(connection: Connection, configured: Configured, here: datetime, since: date, skill: str | None) -> views.Cost:
    """`here` is now, in the workspace's zone."""
    today = f"{here:%Y-%m-%d}"
    payer = Payer("", "", "", today)
    month = _spent(connection, payer.account("month", "usd"), configured)
    return views.Cost(
        since=since,
        day=_spent(connection, payer.account("day", "usd"), configured),
        month=month,
        month_at_this_rate_usd=_at_this_rate(month.used, here),
        under_way_usd=_sum(connection, reservations.c.reserved, reservations.c.state == "reserved"),
        unsettled_usd=_sum(
            connection, reservations.c.reserved, reservations.c.state == "kept", reservations.c.day >= str(since)
        ),
        unpriced_usd=_sum(connection, reservations.c.cost, ~reservations.c.priced, reservations.c.day >= str(since)),
        days=tuple(_days(connection, since, here.date(), skill)),
        skills=tuple(_skills(connection, configured, today, since, skill)),
        waiting=tuple(_waiting(connection, skill)),
    )


def spent_today(connection: Connection, configured: Configured, today: str) -> views.Spent:
    return _spent(connection, Payer("", "", "", today).account("day", "usd"), configured)


def caps_in_force(connection: Connection, configured: Configured) -> list[views.Cap]:
    """What the settings say for all, and what a person has set for one."""
    general = [
        views.Cap(scope=scope, subject="", what=what, amount=to_number(configured[scope, what], what))
        for what, scopes in SCOPES.items()
        for scope in scopes
    ]
    changed = connection.execute(sa.select(caps).order_by(caps.c.at)).all()
    return general + [
        views.Cap(
            scope=row.scope,
            subject=row.subject,
            what=row.what,
            amount=to_number(row.amount, row.what),
            who=row.who,
            why=row.why,
            at=moment(row.at),
        )
        for row in changed
    ]


def _spent(connection: Connection, account: Account, configured: Configured) -> views.Spent:
    used, cap = amounts_of(connection, [account])[account], caps_of(connection, [account], configured)[account]
    return views.Spent(used=to_number(used, account.what), cap=to_number(cap, account.what))


def _at_this_rate(used: float, here: datetime) -> float:
    """What the whole month comes to, if it goes on as until now."""
    days = monthrange(here.year, here.month)[1]
    passed = here.day - 1 + (here.hour * 3600 + here.minute * 60 + here.second) / 86400
    return used * days / max(passed, 1.0)  # a first day says little about the others


def _sum(connection: Connection, of: sa.ColumnElement[int], *which: sa.ColumnElement[bool]) -> float:
    return int(connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(of), 0)).where(*which)) or 0) / MILLION


def _days(connection: Connection, since: date, until: date, skill: str | None) -> Iterator[views.DayCost]:
    """Each day, also those on which nothing was spent."""
    found = connection.execute(
        sa.select(spending.c.scope, spending.c.subject, spending.c.period, spending.c.amount).where(
            spending.c.scope.in_(("day", "skill")), spending.c.what == "usd", spending.c.period >= str(since)
        )
    )
    total: dict[str, float] = {}
    by_skill: dict[str, dict[str, float]] = defaultdict(dict)
    for row in found:
        if row.scope == "day":
            total[row.period] = to_number(row.amount, "usd")
        elif skill in (None, row.subject):
            by_skill[row.period][row.subject] = to_number(row.amount, "usd")
    days = min((until - since).days, DAYS_AT_MOST)
    for back in range(days, -1, -1):
        day = until - timedelta(days=back)
        skills = by_skill.get(str(day), {})
        yield views.DayCost(
            day=day, usd=total.get(str(day), 0.0) if skill is None else sum(skills.values()), skills=skills
        )


def _skills(
    connection: Connection, configured: Configured, today: str, since: date, skill: str | None
) -> list[views.SkillCost]:
    """The dearest first."""
    of_skills = [spending.c.scope == "skill", spending.c.period >= str(since)]
    if skill is not None:
        of_skills.append(spending.c.subject == skill)
    total = sa.func.sum(spending.c.amount).label("total")
    found = connection.execute(
        sa.select(spending.c.subject, spending.c.what, total).where(*of_skills).group_by("subject", "what")
    ).all()
    sums: dict[str, dict[What, int]] = defaultdict(dict)
    for row in found:
        sums[row.subject][row.what] = int(row.total)
    by_run = _costs_of_runs(connection, since)
    shown = [
        views.SkillCost(
            skill=name,
            usd=to_number(counts.get("usd", 0), "usd"),
            model_calls=counts.get("model_calls", 0),
            http_calls=counts.get("http_calls", 0),
            notices=counts.get("notices", 0),
            runs=len(by_run.get(name, ())),
            median_run_usd=median(by_run[name]) if name in by_run else None,
            today=_spent(connection, Account("skill", name, today, "usd"), configured),
        )
        for name, counts in sums.items()
    ]
    return sorted(shown, key=lambda one: (-one.usd, one.skill))


def _costs_of_runs(connection: Connection, since: date) -> dict[str, list[float]]:
    """By skill, what each of its runs has spent that called a model."""
    total = sa.func.sum(sa.func.coalesce(reservations.c.cost, reservations.c.reserved)).label("total")
    found = connection.execute(
        sa.select(reservations.c.skill, reservations.c.run, total)
        .where(reservations.c.day >= str(since))
        .group_by(reservations.c.skill, reservations.c.run)
    )
    costs: dict[str, list[float]] = defaultdict(list)
    for row in found:
        costs[row.skill].append(int(row.total) / MILLION)
    return costs


def _waiting(connection: Connection, skill: str | None) -> list[views.BudgetWait]:
    query = sa.select(budget_waits).order_by(budget_waits.c.since)
    rows = connection.execute(query.where(budget_waits.c.skill == skill) if skill is not None else query).all()
    return [_wait(row) for row in _first_of_each_run(rows)]


def _first_of_each_run(rows: Sequence[Row]) -> list[Row]:
    return list({row.run: row for row in reversed(rows)}.values())[::-1]


def _wait(row: Row) -> views.BudgetWait:
    return views.BudgetWait(
        run=row.run,
        skill=row.skill,
        told=row.told,
        command=row.command,
        since=moment(row.since),
        expires_at=moment(row.expires_at),
    )
