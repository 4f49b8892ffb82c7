"""How it goes, on one page; what the doctor found."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.approvals import approval_list
from harness.cli.pages.cost import spent
from harness.cli.pages.layout import facts, page, section, state, table
from harness.cli.pages.runs import run_table
from harness.cli.pages.stop import stop_line
from harness.words import Words, count
from sidecar.client import views


def status_page(status: views.Status, words: Words) -> RenderableType:
    failed = Text(f"✗ {status.failed_today} failed", style="red") if status.failed_today else Text("none failed")
    return page(
        Text.assemble(("●", "green"), f" up since {words.exact(status.started_at)} (pid {status.pid})"),
        Text(f"✗ nothing is acknowledged: {status.degraded} ({words.command('doctor')})", style="red")
        if status.degraded
        else None,
        _stopped(status, words),
        facts(
            [
                ("workspace", status.workspace),
                ("zone", status.zone),
                ("skills", _skills(status, words)),
                ("today", failed),
                ("isolation", _isolation(status)),
                ("model", model(status)),
                ("spent today", _spent(status, words)),
                ("next up", None if status.stopped else next_up(status, words)),
            ]
        ),
        section("Hosts", _hosts(status, words)) if status.hosts else None,
        section("Running", run_table(status.running, words)) if status.running else None,
        section("Waiting", run_table(status.waiting, words)) if status.waiting else None,
        section("Waits for you", approval_list(status.approvals, words)) if status.approvals else None,
        section("Proposed", _proposals(status, words)) if status.proposals else None,
    )


def _isolation(status: views.Status) -> str:
    return f"{status.tier} ({status.tier_because})" if status.tier_because else status.tier


def _stopped(status: views.Status, words: Words) -> Text | None:
    if status.stopped is None:
        return None
    return Text(f"⏹ {stop_line(status.stopped, words)}. Go on with: {words.command('start --all')}", style="red")


def _hosts(status: views.Status, words: Words) -> RenderableType:
    made = table("host", "", "heard of")
    for host in status.hosts:
        part = "leads" if host.leads else "executes runs"
        told = part if host.alive else "silent: its runs go on elsewhere"
        made.add_row(f"{host.name} (this one)" if host.is_this else host.name, told, words.relative(host.seen_at))
    return made


def welcome_page(status: views.Status, words: Words, pages: str | None) -> RenderableType:
    """What a person needs to know when the sidecar has come up; `pages` is a link to them."""
    return page(
        Text.assemble(("●", "green"), " ", ("Tend is up", "bold"), f" (pid {status.pid})"),
        _stopped(status, words),
        facts(
            [
                ("workspace", status.workspace),
                ("zone", status.zone),
                ("model", model(status)),
                ("skills", _skills(status, words)),
                ("next up", next_up(status, words)),
                ("pages", Text(pages, overflow="fold") if pages else None),
            ]
        ),
        Text(f"\nTalk to it from another terminal: {words.command('chat')}      Stop it: Ctrl-C\n", style="bold"),
    )


def model(status: views.Status) -> Text:
    if status.model and not status.model_missing:
        return Text(status.model)
    return Text(f"! not configured: set {status.model_missing}", style="yellow")


def next_up(status: views.Status, words: Words) -> Text:
    if not status.next_up:
        return Text("nothing is scheduled")
    return Text("\n").join(Text(f"{skill.name} {words.relative(skill.next_at)}") for skill in status.next_up[:5])


def health_page(found: Sequence[views.Health]) -> RenderableType:
    made = table("what", "state", "+found")
    for health in found:
        told = Text(health.detail)
        if health.fix:
            told.append(f"\n→ {health.fix}", style="bold")
        made.add_row(health.name, state(health.state), told)
    return made


def _skills(status: views.Status, words: Words) -> str:
    paused = f", {status.paused} paused" if status.paused else ""
    held = f", ⊘ {status.quarantined} quarantined" if status.quarantined else ""
    broken = f", ✗ {status.broken} refused ({words.command('skills list')})" if status.broken else ""
    return f"{count(status.skills, 'skill')}{paused}{held}{broken}"


def _spent(status: views.Status, words: Words) -> Text:
    told = spent(status.spent_today)
    waiting = status.waiting_for_budget
    return told.append(f"  {count(waiting, 'run')} at a cap ({words.command('cost')})") if waiting else told


def _proposals(status: views.Status, words: Words) -> Text:
    told = Text("\n").join(
        Text(f"✎ {words.id(proposal.id)}  {proposal.skill}: {proposal.reason}") for proposal in status.proposals
    )
    return told.append(f"\n{words.command('review latest')}", style="bold")
