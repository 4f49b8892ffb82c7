"""The system prompt: what stays the same for long is a part of its own, so that a cache can keep it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import skills
from harness.agent.cut import cut, one_line
from harness.agent.limits import MEMORY, NOTES, SKILLS, SOUL, USER
from harness.agent.memory import KnownSkill, Note, Recalled

PROBLEMS = 1_500  # characters of one skill's report
OUTCOME = 200  # of its last run's

FOR_PEOPLE = "Rehearse it"  # the guide's section on pytest, which no tool of the agent can run


def system_prompt(recalled: Recalled) -> list[str]:
    """Role, guide and the person's texts, which stay the same; memory, skills and time, which don't. Each that can grow
    is cut at its limit."""
    here = Path(__file__).parent
    lasting = [
        (here / "role.md").read_text(encoding="utf-8"),
        guide(),
        _part("Your manner (SOUL.md)", recalled.soul or (here / "SOUL.md").read_text(encoding="utf-8"), SOUL),
        _part("The person (USER.md)", recalled.user or (here / "USER.md").read_text(encoding="utf-8"), USER),
    ]
    moving = [
        _part("What you remember (MEMORY.md)", recalled.memory or "Nothing yet.", MEMORY, "read_memory shows it whole"),
        _notes(recalled.notes),
        _skills(recalled.skills),
        f"# Now\n\n{recalled.now}. The person's zone is {recalled.zone}.",
    ]
    return ["\n\n".join(part.strip() for part in parts if part) for parts in (lasting, moving)]


def guide() -> str:
    """The authors' guide, without what only people can do."""
    text = Path(skills.__file__).with_name("GUIDE.md").read_text(encoding="utf-8")
    return re.sub(rf"^## {FOR_PEOPLE}\n.*?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)


def _part(title: str, text: str, limit: int, rest: str = "") -> str:
    return f"# {title}\n\n{cut(text.strip(), limit, rest)}"


def _notes(notes: Sequence[Note]) -> str:
    if not notes:
        return ""
    text = "\n\n".join(f"## {note.path}\n{note.text.strip()}" for note in notes)
    return _part("Recent notes", text, NOTES, "read_memory shows a note whole")


def _skills(known: Sequence[KnownSkill]) -> str:
    text = "\n".join(_skill(skill) for skill in known) or "None yet, but for those that ship with Tend."
    return _part("The person's skills", text, SKILLS, "list_skills shows all")


def _skill(skill: KnownSkill) -> str:
    line = f"- {skill.name}: {skill.purpose} | {skill.schedule} | {skill.state}"
    if skill.last_run:
        line += f" | last run {one_line(skill.last_run, OUTCOME)}"
    if not skill.problems:
        return line
    problems = cut(skill.problems.strip(), PROBLEMS, "check_report shows all").replace("\n", "\n    ")
    return f"{line}\n  The file as it is now was refused by the check:\n    {problems}"
