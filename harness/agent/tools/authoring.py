"""Tools that read and write skills and their helpers."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from harness.agent.cut import cut
from harness.agent.limits import SOURCE
from harness.agent.tools.show_skill import (
    change_again,
    show_report,
    show_skills,
    show_source,
    show_verdict,
    show_verdicts,
    show_versions,
)
from harness.agent.tools.tool import Desk, Outcome, Tool

NAME = "The skill's name: its function and the file's stem, in snake_case."
BASE = (
    "What the last read or write of it said: base=... Each write makes a new one. If the file has changed since, the "
    "write is refused as a conflict."
)
REASON = "One sentence on why, for the history that the person reads."


class ListSkills(Tool):
    """List all skills with purpose, schedule, next time, state and last run."""

    def use(self, desk: Desk) -> Outcome:
        return Outcome(show_skills(desk.run.command("skills.list"), desk.zone))


class ReadSkill(Tool):
    """Read a skill's source and the hash to name as base when you change it. Read before each change: a person may
    have edited the file."""

    name: str = Field(description=NAME)
    version: str | None = Field(None, description="A version's hash, or its first letters. Left out: the file itself.")

    def use(self, desk: Desk) -> Outcome:
        source = desk.run.command("skills.read", name=self.name, version=self.version)
        return Outcome(show_source(source, earlier=self.version is not None))


class WriteSkill(Tool):
    """Write a skill's whole source: a new skill, or a rewrite. The result is the verdict of the check: live with its
    next times, or refused with the place, reason and fix of each problem. To change a few lines use edit_skill."""

    changes: ClassVar[bool] = True

    name: str = Field(description=NAME)
    text: str = Field(description="The complete Python module.")
    base: str | None = Field(None, description=f"{BASE} Null for a skill that does not exist yet.")
    reason: str = Field(description=REASON)

    def use(self, desk: Desk) -> Outcome:
        verdict = desk.run.command("skills.write", name=self.name, text=self.text, base=self.base, reason=self.reason)
        return show_verdict(verdict, desk.zone)


class Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str = Field(min_length=1, description="The passage, character for character. It has to occur exactly once.")
    new: str = Field(description="What stands there instead.")


class EditSkill(Tool):
    """Replace passages of a skill's source, all that belong together in one call. The file is checked once, after the
    last; if one passage is not found, nothing is changed. The result is the verdict, as with write_skill."""

    changes: ClassVar[bool] = True

    name: str = Field(description=NAME)
    edits: tuple[Edit, ...] = Field(min_length=1, description="Made one after the other.")
    base: str = Field(description=BASE)
    reason: str = Field(description=REASON)

    def use(self, desk: Desk) -> Outcome:
        edits = [edit.model_dump() for edit in self.edits]
        verdict = desk.run.command("skills.edit", name=self.name, edits=edits, base=self.base, reason=self.reason)
        return show_verdict(verdict, desk.zone)


class DeleteSkill(Tool):
    """Delete a skill's file and retire it; its versions and runs stay on record. Only where the person asked for it;
    to stop a skill for a while use pause_skill."""

    changes: ClassVar[bool] = True

    name: str = Field(description=NAME)

    def use(self, desk: Desk) -> Outcome:
        desk.run.command("skills.remove", name=self.name)
        return Outcome(f"Deleted: {self.name} is retired and starts no more runs.")


class ListVersions(Tool):
    """List a skill's versions, newest first: when each was made, by whom and why, and what became of it."""

    name: str = Field(description=NAME)

    def use(self, desk: Desk) -> Outcome:
        return Outcome(show_versions(desk.run.command("skills.history", name=self.name), desk.zone))


class CheckReport(Tool):
    """Check a skill's file as it is now, and list what is wrong with it."""

    name: str = Field(description=NAME)

    def use(self, desk: Desk) -> Outcome:
        return show_report(desk.run.command("skills.check", name=self.name))


class ReadHelper(Tool):
    """Read a helper module that several skills import, with the hash to name as base when you change it."""

    path: str = Field(description="Its path in the workspace, such as lib/prices.py.")

    def use(self, desk: Desk) -> Outcome:
        helper = desk.run.command("helpers.read", path=self.path)
        return Outcome(f"{helper['path']}. {change_again(helper['hash'])}\n\n{cut(helper['text'], SOURCE)}")


class WriteHelper(Tool):
    """Write a helper module's whole source. Each skill that imports it is checked again: the result has a verdict for
    each of them. Use a helper only for code that two skills share."""

    changes: ClassVar[bool] = True

    path: str = Field(description="Its path in the workspace, such as lib/prices.py.")
    text: str = Field(description="The complete Python module.")
    base: str | None = Field(None, description=f"{BASE} Null for a helper that does not exist yet.")
    reason: str = Field(description=REASON)

    def use(self, desk: Desk) -> Outcome:
        answer = desk.run.command("helpers.write", path=self.path, text=self.text, base=self.base, reason=self.reason)
        return show_verdicts(self.path, answer["hash"], answer["verdicts"], desk.zone)
