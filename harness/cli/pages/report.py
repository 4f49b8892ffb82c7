"""A check's report: each problem with its place, the line itself, why, and what to write instead."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.card import difference, receipt
from harness.cli.pages.diff import diff_page
from harness.cli.pages.layout import page, section
from harness.words import Words, count
from sidecar.client import views


def report_page(report: views.Report) -> RenderableType:
    if report.passed:
        return Text.assemble(("✓", "green"), f" {report.skill} passes the check ({report.seconds:.2f} s)")
    number = count(len(report.problems), "problem")
    return page(Text.assemble(("✗", "red"), f" {report.skill} is refused: {number}"), *map(problem, report.problems))


def problem(found: views.Problem) -> Text:
    """`file:line:col: reason`, then the line with a caret below, then the fix."""
    place = ":".join([found.file, *(str(number) for number in (found.line, found.column) if number)])
    told = Text.assemble("\n", (place, "bold"), f": {found.reason} ", (f"[{found.stage}]", "dim"))
    if found.source:
        source = found.source.rstrip("\n").expandtabs(1)
        margin = len(source) - len(source.lstrip())
        told.append(f"\n    {source.strip()}", style="cyan")
        if found.column > margin:
            told.append("\n    " + " " * (found.column - 1 - margin) + "^", style="red")
    if found.fix:
        told.append("\n  Fix: ", style="green")
        told.append(found.fix.replace("\n", "\n       "))
    return told


def verdict_page(verdict: views.Verdict, words: Words) -> RenderableType:
    """What became of a write: live with its next times, or refused with its problems."""
    if verdict.approval:
        waits = Text.assemble(("⏸", "yellow"), f" {verdict.report.skill} waits for a yes to what it may do more")
        show = Text(words.command(f"approvals show {words.id(verdict.approval)}"), style="bold")
        return page(waits, difference(verdict.card), show)
    if verdict.denied:
        return Text.assemble(("✗", "red"), f" {verdict.report.skill} does not go live: {verdict.denied}")
    if not verdict.live:
        return page(report_page(verdict.report), section("What would have changed", diff_page(verdict.diff)))
    live = Text.assemble(("●", "green"), f" {verdict.report.skill} is live as {words.id(verdict.version)}")
    if verdict.schedule:
        live.append(f": {verdict.schedule}")
    for at in verdict.next_times[:3]:
        live.append(f"\n  next {words.weekday(at)} ({words.relative(at)})")
    return page(
        live, receipt(verdict.card, words), section("What changed", diff_page(verdict.diff)) if verdict.diff else None
    )
