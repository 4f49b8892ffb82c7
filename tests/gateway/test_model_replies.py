"""A model's reply, through the real gateway process and the real SDK, from a scripted server."""

from __future__ import annotations

import asyncio
import json

import pytest

from harness.demo.scripted_model import ToolUse, Turn
from harness.demo.turns import PIECE
from sidecar.gateway import Gateway, GatewaySettings, ModelNotConfigured, RequestInvalid
from sidecar.gateway.capabilities import Capabilities, capabilities_of
from sidecar.gateway.complete import Incomplete, with_whole_inputs
from sidecar.gateway.prices import Tokens, cost_usd, estimated_usd
from sidecar.gateway.requests import ModelRequest
from skills.wire import Json
from tests.gateway.stage import MODEL_REQUEST, Stage

WRITE_TOOL: dict[str, Json] = {"name": "write", "input_schema": {"type": "object", "required": ["path"]}}


def test_a_reply_is_plain_blocks_with_what_they_cost(stage: Stage) -> None:
    stage.play(Turn(text="Good morning to you.", tools=(ToolUse("write", {"path": "skills/a.py"}),)))

    reply = stage.ask(tools=[WRITE_TOOL])

    assert reply["content"] == [
        {"type": "text", "text": "Good morning to you."},
        {"type": "tool_use", "id": "toolu_scripted_1_0", "name": "write", "input": {"path": "skills/a.py"}},
    ]
    assert (reply["stop_reason"], reply["model"], reply["tries"]) == ("tool_use", "scripted-model", [])
    assert reply["usage"]["input_tokens"] > 10
    assert reply["seconds"] >= 0


def test_the_price_of_an_unknown_model_is_unknown_and_counts_as_the_fallback(stage: Stage) -> None:
    stage.play(Turn(text="Good morning."))

    reply = stage.ask()

    tokens = sum(reply["usage"].values())
    assert reply["cost_usd"] is None
    assert reply["estimated_usd"] == pytest.approx(tokens * 20 / 1_000_000)


def test_text_and_tools_are_heard_while_they_arrive(stage: Stage) -> None:
    text = "A sentence that is longer than one event of the stream can carry."
    stage.play(Turn(text=text, tools=(ToolUse("write", {"path": "a"}),)))

    stage.ask()

    pieces = [event["text"] for event in stage.events if event["type"] == "text"]
    assert len(pieces) > 1
    assert "".join(pieces) == text
    assert stage.events[-1] == {"type": "tool", "name": "write"}


@pytest.mark.parametrize(
    ("purpose", "model"),
    [("write", "claude-opus-5-5"), ("review", "claude-sonnet-5-5"), ("ask", "claude-haiku-5-5")],
)
def test_the_purpose_decides_the_model(stage: Stage, purpose: str, model: str) -> None:
    stage.play(Turn(text="Yes."))

    stage.ask(purpose=purpose)

    assert stage.requests[0]["model"] == model


def test_a_server_of_ones_own_is_asked_for_nothing_but_the_plain_protocol(stage: Stage) -> None:
    stage.play(Turn(text="Yes."))

    stage.ask()

    assert stage.requests == [
        {
            "model": "claude-opus-5-5",
            "max_tokens": 200,
            "messages": MODEL_REQUEST["messages"],
            "stream": True,
            "system": "Answer briefly.",
        }
    ]


def test_anthropics_own_server_is_known_to_do_more() -> None:
    assert capabilities_of(None) == capabilities_of("https://api.anthropic.com")
    assert capabilities_of(None).prompt_caching
    assert not capabilities_of("http://localhost:11434").prompt_caching


def test_a_system_prompt_in_parts_is_one_text_for_a_server_of_ones_own(stage: Stage) -> None:
    stage.play(Turn(text="Yes."))

    stage.ask(system=["The guide.", "It is Monday."], tools=[WRITE_TOOL])

    assert stage.requests[0]["system"] == "The guide.\n\nIt is Monday."
    assert "cache_control" not in str(stage.requests)


def test_a_cache_keeps_what_stays_the_same_and_the_messages_of_a_turn(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sidecar.gateway import model

    monkeypatch.setattr(model, "capabilities_of", lambda _: Capabilities(prompt_caching=True))

    async def never() -> None:
        raise AssertionError("the first try was not whole")

    def ask(**changes: Json) -> None:
        caller = model.ModelCaller(GatewaySettings(base_url=stage.model.base_url, api_key="key"))
        request = ModelRequest.model_validate(MODEL_REQUEST | changes)
        asyncio.run(caller.reply(request, lambda _: None, never))

    stage.play(Turn(text="Yes."))
    ask(system=["The guide.", "It is Monday."], tools=[WRITE_TOOL])
    (sent,) = stage.requests
    assert sent["system"] == [
        {"type": "text", "text": "The guide.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "It is Monday."},
    ]
    assert sent["cache_control"] == {"type": "ephemeral"}

    stage.play(Turn(text="Yes."))
    ask()
    assert "cache_control" not in str(stage.requests), "what is asked once is not worth its price"


def test_without_key_and_server_the_call_says_what_to_set_and_starts_nothing() -> None:
    gateway = Gateway(GatewaySettings())

    with pytest.raises(ModelNotConfigured, match=r"TEND_ANTHROPIC_API_KEY .*TEND_BASE_URL") as caught:
        gateway.effect("model", MODEL_REQUEST)

    assert gateway.pid is None
    assert not caught.value.retryable


def test_a_purpose_without_a_model_says_what_to_set() -> None:
    gateway = Gateway(GatewaySettings(api_key="key", models={"ask": "claude-haiku-5-5"}))

    with pytest.raises(ModelNotConfigured, match="TEND_MODEL_WRITE"):
        gateway.effect("model", MODEL_REQUEST)


def test_a_malformed_request_says_what_is_wrong_in_it() -> None:
    gateway = Gateway(GatewaySettings(api_key="key"))

    with pytest.raises(RequestInvalid, match="messages: Field required"):
        gateway.effect("model", {"purpose": "ask", "max_tokens": 5})


def test_the_key_is_not_shown_with_the_settings() -> None:
    assert "sk-canary" not in repr(GatewaySettings(api_key="sk-canary"))


def test_a_known_model_has_its_price_with_cached_input_counted_once() -> None:
    plain = cost_usd("claude-opus-5-5", Tokens(1_000, 100, 0, 0))
    partly_cached = cost_usd("claude-opus-5-5", Tokens(400, 100, 600, 0))

    assert plain is not None
    assert partly_cached is not None
    assert 0 < partly_cached < plain
    assert cost_usd("scripted-model", Tokens(1_000, 100, 0, 0)) is None
    assert estimated_usd(Tokens(1_000, 100, 600, 300), 20.0) == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('{"path": "a', "not whole JSON"),
        ('["a"]', "list, not a JSON object"),
        ('{"text": "a"}', "lacks path"),
        ("", "lacks path"),
        ('{"path": NaN}', "JSON has no number NaN"),
        ('{"path": [1, -Infinity]}', "JSON has no number -Infinity"),
        ('{"path": 1e999}', "JSON has no number 1e999"),
        ('{"path": ' + "[" * 100_000, "not whole JSON"),
    ],
)
def test_a_tools_input_that_is_not_whole_is_found_out(written: str, reason: str) -> None:
    block = {"type": "tool_use", "name": "write", "input": {}}

    with pytest.raises(Incomplete, match=reason):
        with_whole_inputs([block], {0: written}, [WRITE_TOOL])


def test_a_tool_that_nobody_offered_is_left_to_whoever_runs_the_tools() -> None:
    block = {"type": "tool_use", "name": "unheard_of", "input": {}}

    assert with_whole_inputs([block], {0: json.dumps({"a": 1})}, [WRITE_TOOL]) == [block | {"input": {"a": 1}}]


HALF = "\ud83d"  # of a character: what JSON can write, and UTF-8 can't hold


def test_half_a_character_in_a_reply_is_replaced(stage: Stage) -> None:
    stage.play(Turn(text=f"A lamp {HALF}."))

    reply = stage.ask()

    assert reply["content"] == [{"type": "text", "text": "A lamp \ufffd."}]
    assert "".join(event["text"] for event in stage.events if event["type"] == "text") == "A lamp \ufffd."
    assert reply["tries"] == []


def test_half_a_character_in_a_tools_input_is_asked_for_again(stage: Stage) -> None:
    """The SDK refuses it while it reads the stream."""
    stage.play(Turn(tools=(ToolUse("write", {"path": HALF}),)), Turn(tools=(ToolUse("write", {"path": "a"}),)))

    reply = stage.ask(tools=[WRITE_TOOL])

    assert reply["content"][0]["input"] == {"path": "a"}
    assert "can't be read" in reply["tries"][0]["error"]


def test_a_character_that_comes_in_two_pieces_is_whole_in_the_reply(stage: Stage) -> None:
    stage.play(Turn(text=HALF.rjust(PIECE) + "\udca1"))

    assert stage.ask()["content"][0]["text"] == "💡".rjust(PIECE)
