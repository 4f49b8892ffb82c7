"""Caps that a person sets: beside those of the settings, and before them."""

from __future__ import annotations

import math
from dataclasses import asdict

from sqlalchemy.engine import Connection

from sidecar.budget.accounts import MILLION, SCOPES, Account, millionths
from sidecar.budget.ledger import Configured, caps_of
from sidecar.budget.words import amount
from sidecar.caller import CommandRefused
from sidecar.client.views import Scope, What
from sidecar.registry import record_audit
from sidecar.store.schema import caps, spending
from sidecar.store.values import insert

AT_MOST = 1_000_000_000  # USD, or calls


def set_cap(
    connection: Connection, account: Account, new: float | None, configured: Configured, who: str, why: str, now: float
) -> None:
    """None: back to what the settings say. From here on it holds, also where more was used already."""
    before = caps_of(connection, [account], configured)[account]
    key = {"scope": account.scope, "subject": account.subject, "what": account.what}
    connection.execute(caps.delete().where(*(caps.c[name] == value for name, value in key.items())))
    if new is not None:
        row = {**key, "amount": to_amount(new, account.what), "who": who, "why": why, "at": now}
        connection.execute(insert(connection, caps).values(**row))
    after = caps_of(connection, [account], configured)[account]
    changed = f"{amount(before, account.what)} → {amount(after, account.what)}"
    record_audit(connection, now, who, "cap", owner_ever(account), f"{changed}: {why}" if why else changed)
    _warn_again(connection, account, after)


def to_amount(value: float, what: What) -> int:
    """As it is stored. Raises CommandRefused where it is none."""
    wanted = "a sum in USD" if what == "usd" else "a whole number"
    if not math.isfinite(value) or not 0 <= value <= AT_MOST or (what != "usd" and value != int(value)):
        raise CommandRefused("usage", f"a cap is {wanted}, from 0 to {AT_MOST:,}, not {value:g}")
    return millionths(value) if what == "usd" else int(value)


def to_number(stored: int, what: What) -> float:
    """As people write it."""
    return stored / MILLION if what == "usd" else float(stored)


def refuse_unknown(scope: Scope, what: What) -> None:
    if scope not in SCOPES[what]:
        raise CommandRefused(
            "usage", f"{what} are capped for a run and for a skill's day, not for the {scope} as a whole"
        )


def owner_ever(account: Account) -> str:
    """Whom the cap is for, whatever the day."""
    return {"run": f"run {account.subject}", "skill": account.subject}.get(account.scope, account.scope)


def _warn_again(connection: Connection, account: Account, cap: int) -> None:
    """The warning for a lower cap says nothing about this one."""
    here = (spending.c[name] == value for name, value in asdict(account).items())
    connection.execute(spending.update().where(*here, spending.c.amount < cap).values(warned=False))
