"""Skills: the table of all, the page of one, the versions of one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.card import card_facts, difference
from harness.cli.pages.layout import facts, page, section, state, table
from harness.cli.pages.report import report_page
from harness.cli.pages.runs import run_table
from harness.words import Words, count, duration_of
from sidecar.client import views


def skill_table(skills: Sequence[views.Skill], words: Words) -> RenderableType:
    if not skills:
        return Text(f"No skills yet. Ask for one: {words.command('chat')}. Or save a file in the workspace's skills/.")
    made = table("+skill", "state", "+schedule", "next", "last run")
    for skill in skills:
        made.add_row(
            Text(skill.name), _skill_state(skill), skill.schedule, words.relative(skill.next_at), _last(skill, words)
        )
    return made


def skill_page(detail: views.SkillDetail, runs: Sequence[views.Run], words: Words) -> RenderableType:
    skill = detail.skill
    refused = detail.report if detail.report and not detail.report.passed else None
    times = Text("\n").join(Text(f"{words.weekday(at)} ({words.relative(at)})") for at in detail.next_times[:3])
    return page(
        Text.assemble((skill.name, "bold"), "  ", Text("  ").join(_skill_state(skill).split())),
        Text(skill.purpose.strip()),
        Text(),
        facts(
            [
                ("file", detail.path),
                ("origin", skill.origin),
                ("version", words.id(skill.version) if skill.version else "none is live yet"),
                ("waits", f"for a person's yes: tend approvals show {skill.waits}" if skill.waits else None),
                ("schedule", None if detail.card else skill.schedule),
                ("next", times if times.plain else None),
                ("paused", skill.paused_reason if skill.paused else None),
                ("quarantined", _quarantine(skill.quarantine, words) if skill.quarantine else None),
                *_admission(detail.manifest),
                *card_facts(detail.card, words),
                *_declared(detail.manifest),
            ]
        ),
        section("The newest check", report_page(refused)) if refused else None,
        section("Versions", version_table(detail.versions, words)),
        section("Last runs", run_table(runs, words, of=skill.name)),
    )


def version_table(versions: Sequence[views.Version], words: Words) -> RenderableType:
    if not versions:
        return Text("None yet.")
    made = table("version", "state", "by", "made", "+why")
    for version in versions:
        made.add_row(
            words.id(version.hash),
            state(version.state),
            version.author,
            words.relative(version.created_at),
            page(Text(version.reason), difference(version.card)),
        )
    return made


def _skill_state(skill: views.Skill) -> Text:
    if skill.stopped:
        return state("stopped")
    if skill.paused:
        return state("paused")
    if skill.quarantine:
        return state("quarantined")
    told = state("active") if skill.version else state("draft")
    if skill.waits:
        told.append("\n? waits for a yes", style="yellow")
    if skill.problems:
        told.append("\n")  # the table has no room for both on one line
        told.append(f"✗ {count(skill.problems, 'problem')}", style="red")
    return told


def _quarantine(held: views.Quarantine, words: Words) -> str:
    """Why, and what comes of it."""
    if held.trial:
        trial = f"run {words.id(held.trial)} is its trial"
    elif held.trial_from > words.now:
        trial = f"a trial is let through from {words.weekday(held.trial_from)} on"
    else:
        trial = "the next time is a trial"
    return f"{held.reason}; {trial}"


def _last(skill: views.Skill, words: Words) -> Text:
    if skill.last_run is None:
        return Text("never", style="dim")
    return state(skill.last_run.state).append(f" {words.relative(skill.last_run.created_at)}", style="dim")


def _admission(manifest: views.Manifest | None) -> list[tuple[str, RenderableType | None]]:
    """How its runs come in, as far as it declares more than the defaults."""
    if manifest is None:
        return []
    full = {"queue": None, "skip": "skipped", "cancel_older": "started, and the oldest is cancelled"}[manifest.overlap]
    return [
        ("at once", str(manifest.concurrency) if manifest.concurrency > 1 else None),
        ("one more is", full),
        ("priority", str(manifest.priority) if manifest.priority else None),
        ("deadline", f"{duration_of(manifest.deadline)} after it was made" if manifest.deadline else None),
    ]


def _declared(manifest: views.Manifest | None) -> list[tuple[str, RenderableType | None]]:
    """What else it says of itself."""
    if manifest is None:
        return []
    expect = manifest.expect
    expected = [
        expect.within is not None and f"done within {duration_of(expect.within)}",
        expect.messages_at_most is not None and f"at most {count(expect.messages_at_most, 'message')}",
        expect.silence_at_most is not None and f"not silent for more than {duration_of(expect.silence_at_most)}",
        expect.same_output_at_most is not None
        and f"the same output at most {count(expect.same_output_at_most, 'time')} in a row",
    ]
    return [
        ("steps", ", ".join(step.name for step in manifest.steps) or None),
        ("expects", "; ".join(words for words in expected if words) or None),
    ]
