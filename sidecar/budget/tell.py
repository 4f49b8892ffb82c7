"""What people are told of caps: a warning before one is reached, once; and that a run waits for room under one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.engine import Connection

from sidecar.budget.accounts import Payer
from sidecar.budget.ledger import Configured, amounts_of, caps_of
from sidecar.budget.words import Over, owner, raise_command, used_of
from sidecar.client.views import What
from sidecar.notices.tell import alert, tell
from sidecar.store.schema import spending

WARN_AT = 80  # percent


def warn(connection: Connection, payer: Payer, whats: Sequence[What], configured: Configured, now: float) -> None:
    """Where 80 % of a cap are used for the first time."""
    accounts = [account for what in whats for account in payer.accounts(what)]
    used, caps = amounts_of(connection, accounts), caps_of(connection, accounts, configured)
    for account in accounts:
        if used[account] * 100 < caps[account] * WARN_AT:
            continue
        here = [spending.c[name] == value for name, value in asdict(account).items()]
        first = connection.execute(spending.update().where(*here, ~spending.c.warned).values(warned=True)).rowcount
        if first:
            held = used_of(used[account], caps[account], account.what)
            more = raise_command(account, 2 * caps[account])
            text = f"{owner(account)} has used {held}. At its cap runs wait for you. To raise it: {more}"
            tell(connection, alert("budget", skill=payer.skill, text=text, run=payer.run), now)


def tell_of_wait(connection: Connection, payer: Payer, over: Over, now: float) -> None:
    text = f"run {payer.run} of {payer.skill} waits: {over}. To let it go on: {over.command}"
    tell(connection, alert("budget", skill=payer.skill, text=text, run=payer.run), now)
