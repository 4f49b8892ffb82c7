"""Tools that run skills, hold them, and look at what ran."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from harness.agent.tools.authoring import NAME
from harness.agent.tools.show_run import show_run, show_run_detail, show_runs
from harness.agent.tools.show_skill import show_skill
from harness.agent.tools.show_why import show_why
from harness.agent.tools.tool import Desk, Outcome, Tool

INPUT = "The skill's input as JSON; null where it takes none."


class RehearseSkill(Tool):
    """Run a skill once, now, as a rehearsal: it reads the world for real, and writes, notifies and asks nobody. Waits
    for the end and shows steps, calls and logs. Rehearse after each change that went live."""

    name: str = Field(description=NAME)
    input: JsonValue = Field(None, description=INPUT)

    def use(self, desk: Desk) -> Outcome:
        detail = desk.run.command("skills.run", name=self.name, input=self.input, rehearsal=True, wait=True)
        return Outcome(show_run_detail(detail, desk.zone))


class RunSkill(Tool):
    """Run a skill once, now, for real: its notices and writes happen. Where the person wants a result, not a test."""

    changes: ClassVar[bool] = True

    name: str = Field(description=NAME)
    input: JsonValue = Field(None, description=INPUT)
    wait: bool = Field(True, description="Wait for the end and show what happened; false only starts it.")

    def use(self, desk: Desk) -> Outcome:
        answer = desk.run.command("skills.run", name=self.name, input=self.input, rehearsal=False, wait=self.wait)
        return Outcome(show_run_detail(answer, desk.zone) if self.wait else show_run(answer, desk.zone))


class PauseSkill(Tool):
    """Hold a skill: it starts no runs until it is resumed."""

    changes: ClassVar[bool] = True

    name: str = Field(description=NAME)
    reason: str = Field(description="One sentence that the person sees beside the paused skill.")

    def use(self, desk: Desk) -> Outcome:
        skill = desk.run.command("skills.pause", name=self.name, reason=self.reason)
        return Outcome(f"Paused.\n{show_skill(skill, desk.zone)}")


class ResumeSkill(Tool):
    """Let a paused skill run again on its schedule."""

    changes: ClassVar[bool] = True

    name: str = Field(description=NAME)

    def use(self, desk: Desk) -> Outcome:
        skill = desk.run.command("skills.resume", name=self.name)
        return Outcome(f"Resumed.\n{show_skill(skill, desk.zone)}")


class WhySkill(Tool):
    """Tell why a skill ran or did not: what became of its last due times, and what keeps it from running now."""

    name: str = Field(description=NAME)
    limit: int = Field(10, ge=1, le=50, description="How many due times of each schedule, newest first.")

    def use(self, desk: Desk) -> Outcome:
        return Outcome(show_why(desk.run.command("skills.why", name=self.name, limit=self.limit), desk.zone))


class ListRuns(Tool):
    """List runs, newest first, one line each."""

    skill: str | None = Field(None, description="Only this skill's.")
    state: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | None = Field(
        None, description="Only those in this state."
    )
    limit: int = Field(20, ge=1, le=100)

    def use(self, desk: Desk) -> Outcome:
        runs = desk.run.command("runs.list", skill=self.skill, state=self.state, limit=self.limit)
        return Outcome(show_runs(runs, desk.zone))


class ReadRun(Tool):
    """Read one run: input, output, error, steps, calls and logs."""

    run: str = Field(description="The run's id, or the first letters of it.")

    def use(self, desk: Desk) -> Outcome:
        return Outcome(show_run_detail(desk.run.command("runs.show", run=self.run), desk.zone))
