"""What is counted, and for whom: each account has a cap, and one call counts in several."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sidecar.client.settings import Settings
from sidecar.client.views import Scope, What

Amounts: TypeAlias = Mapping[What, int]  # of usd, millionths: sums of whole numbers are exact

MILLION = 1_000_000
SCOPES: dict[What, tuple[Scope, ...]] = {
    "usd": ("run", "skill", "day", "month"),
    "model_calls": ("run", "skill"),
    "http_calls": ("run", "skill"),
    "notices": ("run", "skill"),
}


@dataclass(frozen=True)
class Account:
    """A sum with a cap, in one period of time. Its fields are the key of its row."""

    scope: Scope
    subject: str  # the run that nothing called, or whose skill declares a budget; the skill; "" for all together
    period: str  # "2026-11-26", "2026-11"; "" for a run
    what: What


@dataclass(frozen=True)
class Payer:
    """In whose name something is spent, and on which day of the workspace's zone."""

    run: str
    root: str  # the run above it that nothing called, or it itself
    skill: str
    day: str  # "2026-11-26"
    within: tuple[str, ...] = ()  # of it and the runs above, but the root, those whose skill declares a budget

    def accounts(self, what: What) -> list[Account]:
        own = [Account("run", run, "", what) for run in self.within] if what == "usd" else []
        return own + [self.account(scope, what) for scope in SCOPES[what]]

    def account(self, scope: Scope, what: What) -> Account:
        match scope:
            case "run":
                return Account(scope, self.root, "", what)
            case "skill":
                return Account(scope, self.skill, self.day, what)
            case "day":
                return Account(scope, "", self.day, what)
            case "month":
                return Account(scope, "", self.day[:7], what)


def configured_caps(settings: Settings) -> dict[tuple[Scope, What], int]:
    """The caps that hold where no person has set another."""
    return {
        ("run", "usd"): millionths(settings.budget_run_usd),
        ("skill", "usd"): millionths(settings.budget_skill_day_usd),
        ("day", "usd"): millionths(settings.budget_day_usd),
        ("month", "usd"): millionths(settings.budget_month_usd),
        ("run", "model_calls"): settings.budget_run_model_calls,
        ("run", "http_calls"): settings.budget_run_http_calls,
        ("run", "notices"): settings.budget_run_notices,
        ("skill", "model_calls"): settings.budget_skill_day_model_calls,
        ("skill", "http_calls"): settings.budget_skill_day_http_calls,
        ("skill", "notices"): settings.budget_skill_day_notices,
    }


def millionths(usd: float) -> int:
    """Rounded up. By its shortest decimal form, so that 1.1 is 1,100,000 and not one more."""
    return math.ceil(Decimal(repr(usd)) * MILLION)
