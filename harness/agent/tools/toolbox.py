"""The tools of one turn."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from harness.agent.tools.authoring import (
    CheckReport,
    DeleteSkill,
    EditSkill,
    ListSkills,
    ListVersions,
    ReadHelper,
    ReadSkill,
    WriteHelper,
    WriteSkill,
)
from harness.agent.tools.memory import AddNote, ReadMemory, WriteMemory
from harness.agent.tools.operating import (
    ListRuns,
    PauseSkill,
    ReadRun,
    RehearseSkill,
    ResumeSkill,
    RunSkill,
    WhySkill,
)
from harness.agent.tools.person import AskPerson
from harness.agent.tools.tool import Desk, Outcome, Tool
from harness.agent.tools.world import LookAt
from skills.errors import StepFailed
from skills.values import explain

TOOLS: tuple[type[Tool], ...] = (
    ListSkills,
    ReadSkill,
    LookAt,
    WriteSkill,
    EditSkill,
    CheckReport,
    RehearseSkill,
    RunSkill,
    PauseSkill,
    ResumeSkill,
    WhySkill,
    DeleteSkill,
    ListVersions,
    ReadHelper,
    WriteHelper,
    ListRuns,
    ReadRun,
    ReadMemory,
    WriteMemory,
    AddNote,
    AskPerson,
)

# A revision happens while nobody looks: it can read everything, and write only the skill it is about.
REVISION_TOOLS: tuple[type[Tool], ...] = (
    ListSkills,
    ReadSkill,
    LookAt,
    WriteSkill,
    EditSkill,
    CheckReport,
    RehearseSkill,
    WhySkill,
    ListVersions,
    ReadHelper,
    ListRuns,
    ReadRun,
    ReadMemory,
)

CONFLICT = (
    "It was your own last write, whose result said the new base, or a person. Keep a person's edit, and make your "
    "change on top of it."
)

# What people type, and the tool that does the same.
COMMANDS = {
    "tend skills list": "list_skills",
    "tend skills check": "check_report",
    "tend skills history": "list_versions",
    "tend runs list": "list_runs",
}


class Toolbox:
    """Carries out the model's calls at `desk`. With `only`, nothing but that skill can be written or rehearsed."""

    def __init__(self, desk: Desk, *, only: str | None = None) -> None:
        self._desk = desk
        self._only = only
        self._tools = {tool.tool_name(): tool for tool in (TOOLS if only is None else REVISION_TOOLS)}

    def offer(self) -> list[dict[str, Any]]:
        """All tools in the Messages API's shape."""
        return [tool.offer() for tool in self._tools.values()]

    def changes(self, name: str) -> bool:
        """Whether a call of the tool leaves something behind."""
        return name in self._tools and self._tools[name].changes

    def use(self, name: str, given: object) -> Outcome:
        """The result of one call. Whatever is wrong with it is told to the model, which can do better."""
        tool = self._tools.get(name)
        if tool is None:
            return Outcome(f"There is no tool {name!r}. There are: {', '.join(self._tools)}.", is_error=True)
        try:
            call = tool.model_validate(given)
        except ValidationError as error:
            return Outcome(f"{name} was not called: {explain(error)}. It takes {_fields(tool)}.", is_error=True)
        if self._is_foreign(call):
            return Outcome(f"{name} was not called: this revision is about {self._only!r} alone.", is_error=True)
        try:
            return call.use(self._desk)
        except StepFailed as error:
            return Outcome(_refusal(error), is_error=True)

    def _is_foreign(self, call: Tool) -> bool:
        acts = isinstance(call, WriteSkill | EditSkill | RehearseSkill)
        return self._only is not None and acts and getattr(call, "name", None) != self._only


def _refusal(error: StepFailed) -> str:
    message = error.message
    for command, tool in COMMANDS.items():
        message = message.replace(command, tool)
    return f"conflict: {message} {CONFLICT}" if error.type == "conflict" else f"{error.type}: {message}"


def _fields(tool: type[Tool]) -> str:
    names = [name if field.is_required() else f"{name} (optional)" for name, field in tool.model_fields.items()]
    return ", ".join(names) or "no input"
