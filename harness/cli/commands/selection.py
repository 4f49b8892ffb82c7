"""Many runs that are meant at once: the options that choose them, and a person's yes to exactly those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from zoneinfo import ZoneInfo

import typer

from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal, is_person

if TYPE_CHECKING:
    from sidecar.client import views

Skill: TypeAlias = Annotated[str | None, typer.Option(help="Only this skill's.", show_default=False)]
Since: TypeAlias = Annotated[datetime | None, typer.Option(help="Only those made from then on.", show_default=False)]
Until: TypeAlias = Annotated[datetime | None, typer.Option(help="Only those made before.", show_default=False)]
OfVersion: TypeAlias = Annotated[
    str | None, typer.Option("--of-version", help="Only those of this version of the skill.", show_default=False)
]
Limit: TypeAlias = Annotated[int, typer.Option(min=1, max=1_000, help="Of many, at most so many: the newest.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Of many, don't ask whether those are meant.")]


@dataclass(frozen=True)
class Selection:
    skill: str | None
    state: views.RunState | None
    since: datetime | None
    until: datetime | None
    version: str | None
    limit: int

    def find(self, terminal: Terminal, else_in: Sequence[views.RunState]) -> list[views.Run]:
        """Newest first. Where no state is named, those that are `else_in` one of these."""
        if not (self.skill or self.state or self.since or self.until or self.version):
            next_ = terminal.command("runs list")
            raise Failure(
                "say which: RUN, or --skill, --state, --since, --until, --of-version", next_=next_, code=USAGE
            )
        zone = ZoneInfo(terminal.settings.zone)
        return terminal.client.runs(
            skill=self.skill,
            state=self.state or else_in,
            version=self.version,
            since=self.since.replace(tzinfo=zone) if self.since else None,
            until=self.until.replace(tzinfo=zone) if self.until else None,
            limit=self.limit,
        )


def agree(terminal: Terminal, runs: Sequence[views.Run], what: str, *, yes: bool) -> None:
    """Show which runs are meant, and go on only upon a yes."""
    from harness.cli.pages.runs import run_table

    if not runs:
        next_ = terminal.command("runs list")
        raise Failure(f"there are no such runs to {what}", next_=next_, type_="not_found")
    if yes:
        return
    if terminal.as_json or not is_person():
        next_ = "the same with --yes"
        raise Failure(f"this would {what} {len(runs):,} runs, and nobody is there to say yes", next_=next_, code=USAGE)
    terminal.out.print(run_table(runs, terminal.words))
    if not typer.confirm(f"{what.capitalize()} these {len(runs):,} runs?"):
        raise Failure("that was no yes, and none was touched", next_=terminal.command("runs list"))
