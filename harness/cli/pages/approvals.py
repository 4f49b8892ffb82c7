"""Approvals: what exactly is asked, never shortened, and what to type."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import facts, indented, page, state
from harness.cli.words import Words
from sidecar.client import views


def approval_list(approvals: Sequence[views.Approval], words: Words) -> RenderableType:
    if not approvals:
        return Text(f"Nothing waits for you. To see what runs: {words.command('status')}")
    return page(*(_brief(approval, words) for approval in approvals))


def approval_page(approval: views.Approval, words: Words) -> RenderableType:
    return page(
        Text.assemble((approval.id, "bold"), "  ", state(approval.state)),
        Text(approval.question),
        Text(),
        facts(
            [
                *_call(approval),
                ("asked by", f"{approval.skill}, run {words.id(approval.run)}"),
                ("asked", f"{words.exact(approval.asked_at)} ({words.relative(approval.asked_at)})"),
                ("expires", _expiry(approval, words)),
                ("choices", " · ".join(approval.choices)),
                ("answer", approval.answer),
                ("by", approval.by),
            ]
        ),
        Text(f"\n{_commands(approval, words)}", style="bold") if approval.state == "open" else None,
    )


def _call(approval: views.Approval) -> list[tuple[str, RenderableType | None]]:
    """What a yes does, never shortened: it is what the person agrees to."""
    call = approval.call
    if call is None:
        return []
    arguments = json.dumps(call.arguments, indent=2, ensure_ascii=False)
    return [("does", Text(f"{call.step}, once")), ("with", Text(arguments)), ("version", Text(call.version))]


def answered_line(approval: views.Approval, words: Words) -> RenderableType:
    told = state(approval.state).append(f"  {approval.skill} {words.id(approval.run)} goes on", style="default")
    return told if approval.answer is None else told.append(f" with {approval.answer!r}")


def _brief(approval: views.Approval, words: Words) -> RenderableType:
    told = Text.assemble(("? ", "yellow"), (words.id(approval.id), "bold"))
    told.append(f"  {approval.skill}, asked {words.relative(approval.asked_at)}", style="dim")
    if approval.expires_at:
        told.append(f", expires {words.relative(approval.expires_at)}", style="dim")
    choices = f"\n({' · '.join(approval.choices)})" if approval.choices else ""
    asked = Text(f"{approval.question}{choices}")
    does = facts(_call(approval)) if approval.call else None
    return page(
        told,
        indented(asked),
        indented(does) if does else None,
        indented(Text(_commands(approval, words), style="bold")),
    )


def _commands(approval: views.Approval, words: Words) -> str:
    short = words.id(approval.id)
    if approval.kind == "question":
        return words.command(f'approvals answer {short} "…"')
    if approval.kind == "unknown":
        return "\n".join(words.command(f"approvals answer {short} {choice}") for choice in approval.choices)
    return f"{words.command(f'approvals approve {short}')}\n{words.command(f'approvals deny {short}')}"


def _expiry(approval: views.Approval, words: Words) -> str:
    if approval.expires_at is None:
        return "never"
    return f"{words.exact(approval.expires_at)} ({words.relative(approval.expires_at)})"
