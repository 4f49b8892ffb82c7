"""What was spent against the caps, who waits for room, and the caps themselves."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import facts, page, section, table
from harness.words import Words, count, money
from sidecar.client import views

COUNTED: dict[views.What, str] = {
    "usd": "USD",
    "model_calls": "model calls",
    "http_calls": "HTTP calls",
    "notices": "notices",
}
NEARLY = 0.8  # of a cap


def cost_page(cost: views.Cost, words: Words) -> RenderableType:
    return page(
        facts(
            [
                ("today", spent(cost.day)),
                ("this month", spent(cost.month)),
                ("at this rate", f"{money(cost.month_at_this_rate_usd)} by the end of the month"),
                ("under way", _apart(cost.under_way_usd, "reserved for calls that are being made")),
                (
                    "unsettled",
                    _apart(cost.unsettled_usd, "reserved for calls that broke off: perhaps billed"),
                ),
                ("price unknown", _apart(cost.unpriced_usd, "counted by the setting fallback_price")),
            ]
        ),
        section(f"Since {cost.since}", _skills(cost)),
        section("Waits for room", page(*(_wait(one, words) for one in cost.waiting))) if cost.waiting else None,
        Text(f"\nThe caps: {words.command('cost cap')}", style="dim"),
    )


def caps_page(caps: Sequence[views.Cap], words: Words) -> RenderableType:
    made = table("whose", "cap", "", "+set by")
    for cap in caps:
        by = f"{cap.who}, {words.relative(cap.at)}{': ' * bool(cap.why)}{cap.why}" if cap.who else "settings"
        amount = money(cap.amount) if cap.what == "usd" else f"{cap.amount:,.0f} {COUNTED[cap.what]}"
        made.add_row(_whose(cap, words), amount, "a day" if cap.scope == "skill" else "", by)
    return page(made, Text(f"\nTo set one: {words.command('cost cap SKILL 5')}", style="dim"))


def spent(found: views.Spent) -> Text:
    """`$1.20 of $40.00`; in colour where there is little room left."""
    told = Text(f"{money(found.used)} of {money(found.cap)}")
    if found.used >= found.cap * NEARLY:
        told.append("  ! nearly used up" if found.used < found.cap else "  ! used up", style="yellow")
    return told


def _skills(cost: views.Cost) -> RenderableType:
    if not cost.skills:
        return Text("Nothing was spent. A skill spends by run.ask, the agent by each turn.")
    made = table("skill", "spent", "model calls", "a run", "+today")
    for one in cost.skills:
        median = money(one.median_run_usd) if one.median_run_usd is not None else "—"
        calls = f"{one.model_calls:,} in {count(one.runs, 'run')}" if one.model_calls else "—"
        made.add_row(one.skill, money(one.usd), calls, median, spent(one.today))
    return made


def _wait(one: views.BudgetWait, words: Words) -> Text:
    told = Text.assemble(("⏸ ", "yellow"), f"{one.skill} {words.id(one.run)}: {one.told}.")
    told.append(f" Waits since {words.relative(one.since)}, and fails {words.relative(one.expires_at)}.")
    return told.append(f"\n  → {words.command(one.command.removeprefix('tend '))}", style="bold")


def _apart(usd: float, what: str) -> str | None:
    return f"{money(usd)} {what}" if usd else None


def _whose(cap: views.Cap, words: Words) -> str:
    match cap.scope:
        case "run":
            return f"run {words.id(cap.subject)}" if cap.subject else "each run"
        case "skill":
            return cap.subject or "each skill"
        case "day":
            return "all, a day"
        case "month":
            return "all, a month"
