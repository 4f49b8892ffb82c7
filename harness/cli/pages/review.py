"""A review, as one reads a short newspaper: what happened, the evidence, and what is proposed."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.card import difference
from harness.cli.pages.diff import diff_page
from harness.cli.pages.layout import page, section, state
from harness.words import Words
from sidecar.client import views


def review_page(review: views.Review | None, words: Words) -> RenderableType:
    if review is None:
        return Text(f"No review yet: it comes by itself once a week. Have one now: {words.command('review now')}")
    dates = f"{words.exact(review.since)} to {words.exact(review.until)}"
    return page(
        Text.assemble(("The review", "bold"), f"  {words.relative(review.at)}, run {words.id(review.run)}"),
        Text(dates, style="dim"),
        Text(f"\n{review.summary.strip()}"),
        *(_finding(finding, words) for finding in review.findings),
        *(_proposal(proposal, words) for proposal in review.proposals),
        None if review.findings else Text("\n✓ Nothing misfires.", style="green"),
    )


def _finding(finding: views.Finding, words: Words) -> RenderableType:
    told = Text(finding.summary)
    for item in finding.evidence:
        told.append(f"\n• {item}")
    if finding.runs:
        told.append(f"\nruns {', '.join(words.id(run) for run in finding.runs)}", style="dim")
    return section(f"✗ {finding.skill}: {finding.kind}", told)


def _proposal(proposal: views.Proposal, words: Words) -> RenderableType:
    short = words.id(proposal.id)
    commands = f"{words.command(f'review accept {short}')}\n{words.command(f'review dismiss {short}')}"
    return section(
        f"✎ Proposal {short}: a revision of {proposal.skill}",
        page(
            Text(proposal.reason),
            difference(proposal.card),
            diff_page(proposal.diff),
            Text(commands, style="bold") if proposal.state == "open" else state(proposal.state),
        ),
    )
