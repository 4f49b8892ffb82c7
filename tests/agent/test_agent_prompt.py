"""What the model knows when a turn begins, and how much of it at most."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import skills
from harness.agent.limits import MEMORY, NOTES, SKILLS, SOUL, USER
from harness.agent.memory import KnownSkill, Note, Recalled
from harness.agent.prompt import guide, system_prompt
from tests.agent.talk import RECALLED, ask, says, sidecar


def recalled(**changed: object) -> Recalled:
    return Recalled.model_validate(RECALLED | changed)


def prompt_of(**changed: object) -> str:
    return "\n\n".join(system_prompt(recalled(**changed)))


def test_what_changes_often_stands_last_so_that_a_cache_can_keep_the_rest() -> None:
    prompt = prompt_of(
        notes=[Note(path="memory/2026-11-20.md", text="Moved to #ops.")],
        skills=[KnownSkill(name="price_report", purpose="Report prices.", schedule="hourly", state="active")],
    )
    parts = [
        "# Your part",
        guide().strip(),
        "Be kind.",
        "Ada.",
        "Reports go to #ops.",
        "Moved to #ops.",
        "- price_report: Report prices. | hourly | active",
        "2026-11-21T09:00:00+01:00. The person's zone is Europe/Berlin.",
    ]
    places = [prompt.index(part) for part in parts]
    assert places == sorted(places)


def test_what_stays_the_same_is_a_part_of_its_own() -> None:
    skill = KnownSkill(name="price_report", purpose="Report prices.", schedule="hourly", state="active")
    lasting, moving = system_prompt(recalled())
    later, moved = system_prompt(recalled(now="2026-11-22T09:00:00+01:00", memory="Go to #dev.", skills=[skill]))
    assert guide().strip() in lasting
    assert later == lasting
    assert moved != moving


def test_the_guide_is_whole_but_for_the_tests_that_no_tool_can_run() -> None:
    whole = Path(skills.__file__).with_name("GUIDE.md").read_text(encoding="utf-8")
    assert "## Rehearse it\n" in whole
    assert "pytest" not in guide()
    headings = re.findall(r"^## .*", whole, re.MULTILINE)
    assert re.findall(r"^## .*", guide(), re.MULTILINE) == [each for each in headings if each != "## Rehearse it"]
    assert len(guide()) < 20_000  # it is paid for in each session


def test_a_skill_is_listed_with_how_its_last_run_ended() -> None:
    known = KnownSkill(
        name="price_report",
        purpose="Report prices.",
        schedule="hourly",
        state="live",
        last_run="failed Sat 2026-11-21 06:07: Wrong: no\nanswer",
    )
    line = "- price_report: Report prices. | hourly | live | last run failed Sat 2026-11-21 06:07: Wrong: no answer"
    assert line in prompt_of(skills=[known])
    assert "None yet, but for those that ship with Tend." in prompt_of()


def test_the_prompt_goes_with_each_model_call() -> None:
    port = sidecar(says("Hello."))
    ask(port)
    (sent,) = port.prompts
    assert sent["system"] == system_prompt(recalled())
    assert sent["purpose"] == "write"


def test_a_workspace_without_soul_and_user_gets_the_ones_that_ship() -> None:
    prompt = prompt_of(soul="", user="", memory="")
    assert "Calm, exact and brief." in prompt
    assert "Nothing is known about the person yet." in prompt
    assert "# What you remember (MEMORY.md)\n\nNothing yet." in prompt


@pytest.mark.parametrize(("part", "limit"), [("soul", SOUL), ("user", USER), ("memory", MEMORY)])
def test_each_text_is_cut_at_its_limit_and_says_so(part: str, limit: int) -> None:
    prompt = prompt_of(**{part: "x" * limit + "y" * 1_500})
    assert "x" * limit + "\n[cut: 1,500 more characters" in prompt
    assert "yyy" not in prompt


def test_notes_and_skills_are_cut_too() -> None:
    note = Note(path="memory/2026-11-20.md", text="n" * NOTES)
    skill = KnownSkill(name="price_report", purpose="p" * 200, schedule="hourly", state="active")
    known = [skill] * (SKILLS // 100)
    small = prompt_of()
    prompt = prompt_of(notes=[note], skills=known)
    assert len(prompt) < len(small) + NOTES + SKILLS + 500
    assert prompt.count("[cut: ") == 2
    assert "list_skills shows all" in prompt


def test_a_hand_edit_that_the_check_refused_is_shown_with_its_problems() -> None:
    broken = KnownSkill(
        name="price_report",
        purpose="Report prices.",
        schedule="hourly",
        state="active",
        problems="skills/price_report.py:7: not a str\n    fix: Return str(price).",
    )
    prompt = prompt_of(skills=[broken])
    assert "The file as it is now was refused by the check:\n    skills/price_report.py:7: not a str" in prompt
