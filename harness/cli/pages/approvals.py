"""Approvals: what exactly is asked, never shortened, and what to type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import facts, indented, page, section, state, table
from harness.words import Words
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
                *_bound(approval),
                ("asked by", _asked_by(approval, words)),
                ("asked", _exactly(approval.asked_at, words)),
                ("expires", _expiry(approval, words)),
                ("choices", " · ".join(approval.choices)),
                ("answer", approval.answer),
                ("because", approval.because),
                ("by", f"{approval.by}, via {approval.via}" if approval.by else None),
                ("answered", _exactly(approval.answered_at, words) if approval.answered_at else None),
            ]
        ),
        Text(f"\n{_commands(approval, words)}", style="bold") if approval.state == "open" else None,
    )


def _bound(approval: views.Approval) -> list[tuple[str, RenderableType | None]]:
    """What a yes is for, never shortened: it is what the person agrees to."""
    call = approval.call
    if call is None:
        return [("hash", _whole(approval.hash))]
    arguments = json.dumps(call.arguments, indent=2, ensure_ascii=False)
    return [
        ("does", Text(f"{call.step}, once") if call.step else None),
        ("with", Text(arguments) if call.arguments is not None else None),
        ("reaches", _whole(approval.target)),
        ("because", _whole(approval.reason)),
        ("version", _whole(call.version)),
        ("hash", _whole(approval.hash)),
    ]


def _whole(text: str | None) -> Text | None:
    return Text(text) if text else None


def answered_line(answered: views.Answered) -> RenderableType:
    assert answered.approval is not None, answered  # noqa: S101 # it counted
    approval = answered.approval
    told = state(approval.state)
    because = f", because {approval.because}" if approval.because else ""
    return told.append(f"  {approval.question} → {approval.answer}{because}", style="default")


def grant_list(grants: Sequence[views.Grant], words: Words) -> RenderableType:
    if not grants:
        return Text(f"There is no standing approval. To make one: {words.command('approvals grants add --help')}")
    return page(*(_grant(grant, words) for grant in grants))


def _grant(grant: views.Grant, words: Words) -> RenderableType:
    """All that it is for, never shortened."""
    exact = json.dumps(grant.arguments, indent=2, ensure_ascii=False) if grant.arguments else "any"
    used = f", last {words.relative(grant.used_at)}" if grant.used_at else ""
    return page(
        Text.assemble((grant.id, "bold"), "  ", state(grant.state), f"  {grant.skill}: {grant.step}"),
        indented(
            facts(
                [
                    ("with", Text(exact)),
                    ("version", Text(grant.version)),
                    ("because", _whole(grant.reason)),
                    ("by", f"{grant.by}, {_exactly(grant.granted_at, words)}"),
                    ("expires", _exactly(grant.expires_at, words)),
                    ("revoked by", grant.revoked_by),
                    ("used", f"{grant.uses} times{used}"),
                ]
            )
        ),
    )


def rules_page(rules: views.Rules) -> RenderableType:
    needs = table("What", "Needs a yes", "Says")
    for rule in rules.needs:
        needs.add_row(rule.what, _NEEDS[rule.need], "tend.toml, or TEND_APPROVALS" if rule.set else "the default")
    lists = [(skill, ", ".join(names)) for skill, names in rules.approvers.items()]
    whose = facts([*lists]) if lists else Text("Whoever can reach the sidecar's socket: the local user.")
    return page(needs, section("Who may answer, by skill", whose))


_NEEDS = {
    "never": "never",
    "ask": "a person's, or a standing approval's",
    "always": "a person's, each time",
}


def _brief(approval: views.Approval, words: Words) -> RenderableType:
    told = Text.assemble(("? ", "yellow"), (words.id(approval.id), "bold"))
    told.append(f"  {_asked_by(approval, words)}, asked {words.relative(approval.asked_at)}", style="dim")
    if approval.expires_at:
        told.append(f", expires {words.relative(approval.expires_at)}: {_on_expiry(approval)}", style="dim")
    choices = f"\n({' · '.join(approval.choices)})" if approval.choices else ""
    asked = Text(f"{approval.question}{choices}")
    does = facts(_bound(approval)) if approval.call else None
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


def _asked_by(approval: views.Approval, words: Words) -> str:
    return f"{approval.skill}, run {words.id(approval.run)}" if approval.run else approval.skill


def _expiry(approval: views.Approval, words: Words) -> str:
    if approval.expires_at is None:
        return "never"
    return f"{_exactly(approval.expires_at, words)}: {_on_expiry(approval)}"


def _on_expiry(approval: views.Approval) -> str:
    """What its author declared."""
    return "then it fails" if approval.on_expiry == "fail" else "then the answer is no"


def _exactly(at: datetime, words: Words) -> str:
    return f"{words.exact(at)} ({words.relative(at)})"
