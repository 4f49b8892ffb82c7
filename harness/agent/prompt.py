"""The system prompt: what stays the same for long stands first, so that a cache can keep it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import skills
from harness.agent.cut import cut
from harness.agent.limits import MEMORY, NOTES, SKILLS, SOUL, USER
from harness.agent.memory import KnownSkill, Note, Recalled

PROBLEMS = 1_500  # characters of one skill's report


def system_prompt(recalled: Recalled) -> str:
    """Role, guide, the person's texts, memory, skills, time. Each part that can grow is cut at its limit."""
    here, author_api = Path(__file__).parent, Path(skills.__file__).parent
    parts = [
        (here / "role.md").read_text(encoding="utf-8"),
        (author_api / "GUIDE.md").read_text(encoding="utf-8"),
        _part("Your manner (SOUL.md)", recalled.soul or (here / "SOUL.md").read_text(encoding="utf-8"), SOUL),
        _part("The person (USER.md)", recalled.user or (here / "USER.md").read_text(encoding="utf-8"), USER),
        _part("What you remember (MEMORY.md)", recalled.memory or "Nothing yet.", MEMORY, "read_memory shows it whole"),
        _notes(recalled.notes),
        _skills(recalled.skills),
        f"# Now\n\n{recalled.now}. The person's zone is {recalled.zone}.",
    ]
    return "\n\n".join(part.strip() for part in parts if part)


def _part(title: str, text: str, limit: int, rest: str = "") -> str:
    return f"# {title}\n\n{cut(text.strip(), limit, rest)}"


def _notes(notes: Sequence[Note]) -> str:
    if not notes:
        return ""
    text = "\n\n".join(f"## {note.path}\n{note.text.strip()}" for note in notes)
    return _part("Recent notes", text, NOTES, "read_memory shows a note whole")


def _skills(known: Sequence[KnownSkill]) -> str:
    text = "\n".join(_skill(skill) for skill in known) or "None yet."
    return _part("The skills there are", text, SKILLS, "list_skills shows all")


def _skill(skill: KnownSkill) -> str:
    line = f"- {skill.name}: {skill.purpose} | {skill.schedule} | {skill.state}"
    if not skill.problems:
        return line
    problems = cut(skill.problems.strip(), PROBLEMS, "check_report shows all").replace("\n", "\n    ")
    return f"{line}\n  The file as it is now was refused by the check:\n    {problems}"
