"""How a cap is told to people, and what they can do about it."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.budget.accounts import MILLION, Account
from sidecar.client.views import What

EXHAUSTED = "budget_exhausted"  # the error of a run that has found no room under a cap

CENT = 10_000  # millionths of a USD
COUNTED: dict[What, str] = {
    "usd": "USD",
    "model_calls": "model calls",
    "http_calls": "HTTP calls",
    "notices": "notices",
}


@dataclass(frozen=True)
class Over:
    """A cap that has no room for what is wanted."""

    account: Account
    used: int
    wanted: int
    cap: int

    def __str__(self) -> str:
        used = used_of(self.used, self.cap, self.account.what)
        wanted = (
            f"the next call may cost {amount(self.wanted, 'usd')}" if self.account.what == "usd" else "one more is due"
        )
        return f"{owner(self.account)} has used {used}, and {wanted}"

    @property
    def raised(self) -> int:
        """A cap that has room for it: as much again, or as much as it takes. USD in whole cents."""
        enough = max(2 * self.cap, self.used + self.wanted)
        return -(-enough // CENT) * CENT if self.account.what == "usd" else enough

    @property
    def command(self) -> str:
        """What raises the cap so far that this fits."""
        return raise_command(self.account, self.raised)


def amount(value: int, what: What) -> str:
    if what != "usd":
        return f"{value:,} {COUNTED[what]}"
    usd = value / MILLION
    return f"${usd:.2f}" if value % CENT == 0 or usd >= 10 else f"${usd:.4f}"


def used_of(used: int, cap: int, what: What) -> str:
    """`$0.48 of its $0.50`, `3 of its 3 notices`."""
    return f"{amount(used, what) if what == 'usd' else f'{used:,}'} of its {amount(cap, what)}"


def owner(account: Account) -> str:
    match account.scope:
        case "run":
            return f"run {account.subject}"
        case "skill":
            return f"{account.subject} on {account.period}"
        case "day":
            return f"everything together on {account.period}"
        case "month":
            return f"everything together in {account.period}"


def raise_command(account: Account, cap: int) -> str:
    who = f"run {account.subject}" if account.scope == "run" else account.subject or account.scope
    if account.what == "usd":
        return f"tend cost cap {who} {cap / MILLION:.2f}"
    return f"tend cost cap {who} {cap} --of {account.what}"
