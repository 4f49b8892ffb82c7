"""The agent is a run: killed anywhere, it goes on without paying or writing twice."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from harness.agent.entry import agent
from skills.wire import Succeeded, Suspended
from tests.agent.scripted_sidecar import Killed, ScriptedSidecar
from tests.agent.talk import EDIT, PROBLEM, WRITE, ask, calls, results, run_detail, says, sidecar, verdict

MESSAGE: Any = {"session": "s1", "text": "Report prices on Mondays."}


def conversation() -> ScriptedSidecar:
    port = sidecar(
        calls(WRITE),
        calls(EDIT),
        calls(("rehearse_skill", {"name": "price_report"}), ("add_note", {"text": "Prices on Mondays."})),
        says("price_report is live."),
        skills__write=verdict(problems=(PROBLEM,)),
        skills__edit=verdict(),
        skills__run=run_detail(),
        memory__note=None,
    )
    ask(port, MESSAGE["text"])
    return port


UNDISTURBED = conversation()


@pytest.mark.parametrize("question", range(1, UNDISTURBED.questions + 1))
def test_killed_at_any_question_it_ends_the_same_and_does_nothing_twice(question: int) -> None:
    port = ScriptedSidecar(UNDISTURBED.replies, UNDISTURBED.commands, kill_at=question)
    with pytest.raises(Killed):
        port.attempt(agent, MESSAGE)
    end = port.attempt(agent, MESSAGE)
    assert isinstance(end.result, Succeeded), end.result
    assert port.prompts == UNDISTURBED.prompts
    assert port.carried_out == UNDISTURBED.carried_out


def test_killed_in_attempt_after_attempt_it_gets_there_too() -> None:
    port = ScriptedSidecar(UNDISTURBED.replies, UNDISTURBED.commands)
    kills = 0
    while not port.done("chat.remember"):
        port.questions, port.kill_at = 0, port.remembered + 3  # three questions make the longest step
        with suppress(Killed):
            port.attempt(agent, MESSAGE)
            break
        kills += 1
    assert kills >= len(UNDISTURBED.prompts)
    assert port.prompts == UNDISTURBED.prompts
    assert port.carried_out == UNDISTURBED.carried_out


def test_a_question_to_the_person_suspends_the_turn_and_the_answer_resumes_it() -> None:
    question = {"question": "Where shall I report?", "choices": ["#ops", "by mail"]}
    port = sidecar(calls(("ask_person", question)), says("To #ops, then."))
    assert isinstance(port.attempt(agent, MESSAGE).result, Suspended)
    assert port.done("chat.remember") == []
    port.person = "#ops"
    assert ask(port, MESSAGE["text"]).text == "To #ops, then."
    (result,) = results(port)
    assert result["content"] == "ada answers: #ops"
    assert len(port.prompts) == 2
