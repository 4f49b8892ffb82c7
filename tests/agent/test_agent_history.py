"""A conversation that has grown too long goes on from a summary."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agent.history import DROPPED, SUMMARISE
from harness.agent.limits import HISTORY_TOKENS
from tests.agent.scripted_sidecar import Refusal, ScriptedSidecar, in_turn
from tests.agent.talk import RECALLED, ask, calls, says, sidecar

TURNS = 10


def long_conversation() -> list[dict[str, Any]]:
    """Ten turns with a tool call each, over the budget together."""
    filling = "x" * (HISTORY_TOKENS * 4 // TURNS)
    return [message for n in range(TURNS) for message in turn_of(n, filling)]


def turn_of(number: int, filling: str) -> list[dict[str, Any]]:
    result = {"type": "tool_result", "tool_use_id": "call_0", "content": filling}
    return [
        {"role": "user", "content": f"request {number}"},
        {"role": "assistant", "content": calls(("list_skills", {}))["content"]},
        {"role": "user", "content": [result]},
        {"role": "assistant", "content": f"answer {number}"},
    ]


def talk(*replies: Any, **recall: Any) -> ScriptedSidecar:
    commands = {"chat__recall": RECALLED | {"messages": long_conversation()} | recall, "chat__summarize": None}
    port = sidecar(*replies, **commands)
    ask(port, "Go on.")
    return port


def test_older_turns_are_summed_up_once_and_the_summary_is_kept() -> None:
    port = talk(says("Ada wants prices."), says("Done."))
    summing, answering = port.prompts
    assert summing["system"] == SUMMARISE
    assert summing["tools"] == []
    assert "user: request 0" in summing["messages"][0]["content"]
    (kept,) = port.done("chat.summarize")
    assert kept == {"session": "s1", "until": kept["until"], "text": "Ada wants prices."}
    sent = answering["messages"]
    assert sent[0] == {"role": "user", "content": "The conversation before this, summed up:\nAda wants prices."}
    assert sent[2:-1] == [without_thinking(message) for message in long_conversation()[kept["until"] :]]
    assert sent[2]["content"] == f"request {kept['until'] // 4}"
    assert sent[-1] == {"role": "user", "content": "Go on."}


def test_a_summary_that_is_known_is_used_without_another_call() -> None:
    known: dict[str, Any] = {"until": 4 * (TURNS - 1), "text": "Ada wants prices."}
    port = talk(says("Done."), messages=long_conversation()[known["until"] :], summary=known)
    (sent,) = port.prompts
    assert [message["role"] for message in sent["messages"][:3]] == ["user", "assistant", "user"]
    assert sent["messages"][2]["content"] == f"request {TURNS - 1}"


def test_without_a_summary_the_older_turns_are_left_out_visibly() -> None:
    port = talk(Refusal("RateLimited", "try later"), says("Done."))
    assert DROPPED in port.prompts[1]["messages"][0]["content"]
    assert port.done("chat.summarize") == []
    assert [line.message for line in port.logs] == ["the older part of the conversation was left out"]


@pytest.mark.parametrize("reply", [says("Ada wan", "max_tokens"), says("I w", "refusal"), says("")])
def test_a_summary_that_is_not_whole_is_none(reply: dict[str, Any]) -> None:
    port = talk(reply, says("Done."))
    assert port.prompts[1]["messages"][0]["content"].endswith(f"summed up:\n{DROPPED}")
    assert port.done("chat.summarize") == []


def test_a_summary_that_cannot_be_kept_serves_this_turn() -> None:
    port = sidecar(
        says("Ada wants prices."),
        says("Done."),
        chat__recall=RECALLED | {"messages": long_conversation()},
        chat__summarize=in_turn(Refusal("busy", "try later")),
    )
    assert ask(port, "Go on.").text == "Done."
    assert "Ada wants prices." in port.prompts[1]["messages"][0]["content"]
    assert [line.message for line in port.logs] == ["the summary was not kept"]


def test_what_was_summed_up_before_outlives_a_failed_summary() -> None:
    before = {"until": 4, "text": "Ada wants prices."}
    port = talk(Refusal("busy", "try later"), says("Done."), summary=before)
    assert f"Ada wants prices.\n{DROPPED}" in port.prompts[1]["messages"][0]["content"]


def test_a_summary_stands_for_all_messages_before_it_also_for_those_that_were_not_recalled() -> None:
    before = {"until": 4, "text": "Ada wants prices."}
    port = talk(says("And reports."), says("Done."), summary=before, left_out=8)
    (kept,) = port.done("chat.summarize")
    shown = port.prompts[1]["messages"][2:-1]
    assert kept["until"] == 4 + 8 + len(long_conversation()) - len(shown)
    assert f"Ada wants prices.\n{DROPPED}" in port.prompts[0]["messages"][0]["content"]


def test_messages_that_were_not_recalled_are_left_out_visibly() -> None:
    port = talk(says("Done."), messages=turn_of(1, "short"), left_out=8)
    (sent,) = port.prompts
    assert DROPPED in sent["messages"][0]["content"]
    assert sent["messages"][2]["content"] == "request 1"


def test_a_text_is_as_long_as_its_bytes() -> None:
    filling = "雪" * (HISTORY_TOKENS * 4 // 3 // TURNS)
    port = talk(
        says("Ada wants prices."), says("Done."), messages=[m for n in range(TURNS) for m in turn_of(n, filling)]
    )
    assert len(port.done("chat.summarize")) == 1


def test_thoughts_of_earlier_turns_are_not_sent_again() -> None:
    port = talk(says("Done."), messages=turn_of(1, "short"))
    (sent,) = port.prompts
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["tool_use"]


def without_thinking(message: dict[str, Any]) -> dict[str, Any]:
    if isinstance(message["content"], str):
        return message
    return message | {"content": [block for block in message["content"] if block["type"] != "thinking"]}
