"""What a run at a cap asks a person: may the cap be raised, so that it can go on?"""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals import Ended, NewApproval, ask
from sidecar.budget.accounts import Account, Payer
from sidecar.budget.caps import owner_ever, set_cap, to_amount, to_number
from sidecar.budget.ledger import Configured, caps_of
from sidecar.budget.words import Over, amount
from sidecar.store import Row
from sidecar.store.schema import approvals, budget_waits

_IS_OPEN = sa.and_(approvals.c.kind == "budget", approvals.c.state == "open")


def asking(connection: Connection) -> set[str]:
    """The runs that have asked, and have no answer yet."""
    return set(connection.scalars(sa.select(approvals.c.run).where(_IS_OPEN)))


def put(connection: Connection, payer: Payer, over: Over, now: float, expires_at: float) -> bool:
    """Ask, unless the run has asked already. Whether it was asked now."""
    if connection.execute(sa.select(approvals.c.id).where(_IS_OPEN, approvals.c.run == payer.run)).first():
        return False
    account = over.account
    wanted: dict[str, JsonValue] = {"scope": account.scope, "subject": account.subject, "what": account.what}
    wanted["cap"] = to_number(over.raised, account.what)
    new = NewApproval(
        "budget",
        payer.skill,
        f"{over}. Raise the cap to {amount(over.raised, account.what)}{', from now on' if account.period else ''}?",
        run=payer.run,
        call={"arguments": wanted},
        target=owner_ever(account),
        expires_at=expires_at,
        on_expiry="fail",
    )
    ask(connection, new, now)
    return True


def raise_cap(connection: Connection, row: Row, who: str, configured: Configured, now: float) -> None:
    """As far as was asked; a cap that is higher meanwhile stays."""
    wanted = row.call["arguments"]
    account = Account(wanted["scope"], wanted["subject"], "", wanted["what"])
    if caps_of(connection, [account], configured)[account] < to_amount(wanted["cap"], account.what):
        set_cap(connection, account, wanted["cap"], configured, who, f"approval {row.id}", now)


def withdraw(connection: Connection, now: float) -> None:
    """Those of runs that have found room, and wait no more."""
    still = sa.exists().where(budget_waits.c.run == approvals.c.run)
    said = {"state": "void", "answer_reason": "there is room under the cap now", "answered_at": now}
    connection.execute(approvals.update().where(_IS_OPEN, ~still).values(**said))


def by(ended: Ended) -> str:
    """Who has answered."""
    return str(ended.result["by"]) if isinstance(ended.result, dict) else ""
