"""What goes wrong between us and a model: each fault ends in a whole reply or a typed error, and in bounded time."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from harness.demo.scripted_model import (
    Cut,
    CutInput,
    ErrorEvent,
    Fault,
    Garbled,
    Hang,
    Reset,
    Status,
    ToolUse,
    Turn,
)
from sidecar.gateway import (
    Aborted,
    Gateway,
    GatewaySettings,
    ModelRejected,
    ModelReplyCut,
    ModelUnavailable,
    Patience,
    model,
)
from sidecar.gateway.patience import retry_after
from sidecar.gateway.persist import TryFailed, persist
from sidecar.gateway.requests import ModelRequest
from skills.wire import Json
from tests.gateway.stage import MODEL_REQUEST, PATIENCE, Stage, on_stage
from tests.gateway.web_server import WebServer

USES_TOOL = (ToolUse("write", {"path": "skills/a.py", "text": "a longer text"}),)
RECOVERED = Turn(text="Here I am.")


PASSING = {
    "429 with a Retry-After of an hour": (Status(429, retry_after=3600), "answered 429"),
    "529": (Status(529), "answered 529"),
    "500": (Status(500), "answered 500"),
    "503": (Status(503), "answered 503"),
    "409": (Status(409), "answered 409"),
    "408": (Status(408), "answered 408"),
    "502": (Status(502), "answered 502"),
    "504": (Status(504), "answered 504"),
    "524": (Status(524), "answered 524"),
    "a stream that is cut politely": (Cut(after=4), "cut before the reply's end"),
    "a stream that is cut after the last block": (Cut(after=8), "cut before the reply's end"),
    "a stream that is cut before its last event": (Cut(after=9), "cut before the reply's end"),
    "an empty stream": (Cut(after=0), "cut before the reply's end"),
    "a reset inside the stream": (Reset(after=3), "the connection to .* failed"),
    "a reset before any reply": (Reset(), "the connection to .* failed"),
    "an event that is not JSON": (Garbled(after=3), "can't be read"),
    "an event that is not JSON at once": (Garbled(after=0), "can't be read"),
    "an error inside the stream": (ErrorEvent(after=3), "answered overloaded_error"),
    "a tool's input that is cut": (CutInput(), "not whole JSON"),
    "a hang inside the stream": (Hang(after=3), "sent nothing for 1 s"),
}


@pytest.mark.parametrize(("fault", "reason"), PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_is_tried_again_on_the_record(stage: Stage, fault: Fault, reason: str) -> None:
    stage.play(Turn(text="Half of this", tools=USES_TOOL, fault=fault), RECOVERED)

    reply = stage.ask()

    assert reply["content"] == [{"type": "text", "text": "Here I am."}]
    (failed,) = reply["tries"]
    assert re.search(reason, failed["error"])
    assert failed["wait"] <= PATIENCE.longest_wait
    assert [event["error"] for event in stage.events if event["type"] == "retry"] == [failed["error"]]
    free = isinstance(fault, Status) and fault.code not in (408, 502, 504, 524)
    assert stage.paid == (1 if free else 2), "only a refusal by the model's server itself costs nothing"


def test_a_tools_input_without_a_required_key_is_tried_again(stage: Stage) -> None:
    tool: dict[str, Json] = {
        "name": "write",
        "input_schema": {"type": "object", "required": ["path", "reason"]},
    }
    stage.play(Turn(tools=USES_TOOL), Turn(tools=(ToolUse("write", {"path": "a", "reason": "b"}),)))

    reply = stage.ask(tools=[tool])

    assert [block["input"] for block in reply["content"]] == [{"path": "a", "reason": "b"}]
    assert "lacks reason" in reply["tries"][0]["error"]


def test_tries_end_with_all_reasons_told(stage: Stage) -> None:
    stage.play(*[Turn(text="x", fault=Status(529))] * 2, *[Turn(text="x", fault=Cut(after=2))] * 2, RECOVERED)

    with pytest.raises(ModelUnavailable, match=r"in 4 tries: .* answered 529.*; .* cut") as caught:
        stage.ask()

    assert caught.value.retryable
    assert len(stage.requests) == PATIENCE.attempts
    assert (stage.paid, caught.value.unbilled) == (2, False)


def test_a_call_that_is_refused_again_and_again_has_cost_nothing(stage: Stage) -> None:
    stage.play(*[Turn(fault=Status(529))] * PATIENCE.attempts)

    with pytest.raises(ModelUnavailable) as caught:
        stage.ask()

    assert (stage.paid, caught.value.unbilled) == (1, True)


def test_a_try_that_cannot_be_paid_for_is_not_made(stage: Stage) -> None:
    stage.play(Turn(text="x", fault=Cut(after=3)), RECOVERED)
    purse = iter([None])

    with pytest.raises(StopIteration):
        stage.gateway.effect("model", MODEL_REQUEST, before_try=lambda: next(purse))

    assert len(stage.requests) == 1


def test_time_ends_before_the_tries_do() -> None:
    hasty = Patience(attempts=99, total=0.5, idle=30.0, first_wait=0.01, longest_wait=0.05)
    with on_stage(hasty) as stage:
        stage.play(Turn(text="x", fault=Hang(after=2)))

        with pytest.raises(ModelUnavailable, match=r"no whole reply within 0\.5 s"):
            stage.ask()


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (400, "change it"),
        (401, r"TEND_ANTHROPIC_API_KEY \(or ANTHROPIC_API_KEY\)"),
        (403, "TEND_ANTHROPIC_API_KEY"),
        (404, "TEND_MODEL_WRITE .*TEND_BASE_URL"),
    ],
)
def test_a_lasting_fault_is_told_at_once_with_what_to_do(stage: Stage, code: int, advice: str) -> None:
    stage.play(Turn(fault=Status(code)), RECOVERED)

    with pytest.raises(ModelRejected, match=f"{stage.model.base_url} answered {code}.*{advice}") as caught:
        stage.ask()

    assert not caught.value.retryable
    assert len(stage.requests) == 1


def test_an_invalid_request_inside_the_stream_is_a_lasting_fault(stage: Stage) -> None:
    stage.play(Turn(text="x", fault=ErrorEvent(after=1, type="invalid_request_error")))

    with pytest.raises(ModelRejected, match="answered invalid_request_error") as caught:
        stage.ask()
    assert not caught.value.unbilled, "the model had begun"


def test_a_refusal_is_a_reply_and_brings_no_tool_to_run(stage: Stage) -> None:
    stage.play(Turn(text="I won't.", tools=USES_TOOL, stop_reason="refusal", fault=CutInput()))

    reply = stage.ask()

    assert reply["stop_reason"] == "refusal"
    assert reply["content"] == [{"type": "text", "text": "I won't."}]


def test_a_reply_that_reached_max_tokens_is_passed_on_unless_a_tools_input_is_cut(stage: Stage) -> None:
    stage.play(
        Turn(text="And then", stop_reason="max_tokens"),
        Turn(tools=USES_TOOL, stop_reason="max_tokens", fault=CutInput()),
    )

    assert stage.ask()["stop_reason"] == "max_tokens"
    with pytest.raises(ModelReplyCut, match=r"stopped at 200 tokens .* Raise max_tokens") as caught:
        stage.ask()
    assert caught.value.spent is not None
    assert caught.value.spent["cost_usd"] or caught.value.spent["estimated_usd"]


def test_a_server_that_is_not_there_is_a_passing_fault() -> None:
    with on_stage() as stage:
        nowhere = stage.model.base_url
    gateway = Gateway(GatewaySettings(base_url=nowhere, patience=PATIENCE))
    try:
        with pytest.raises(ModelUnavailable, match=f"the connection to {nowhere} failed: .*[Cc]onnect") as caught:
            gateway.effect("model", MODEL_REQUEST)
        assert caught.value.unbilled
    finally:
        gateway.close()


@contextmanager
def full_listener() -> Iterator[str]:
    """A server whose queue of connections is full: none is refused, and none is taken."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        address = server.getsockname()
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"


def refused_by(server: str, monkeypatch: pytest.MonkeyPatch) -> ModelUnavailable:
    """In this process: the gateway's own waits ten seconds for a connection."""
    monkeypatch.setattr(model, "CONNECT", 0.3)
    caller = model.ModelCaller(GatewaySettings(base_url=server, patience=Patience(attempts=2, first_wait=0.01)))

    async def pay() -> None:
        raise AssertionError("nothing was sent")

    with pytest.raises(ModelUnavailable) as caught:
        asyncio.run(caller.reply(ModelRequest.model_validate(MODEL_REQUEST), lambda _: None, pay))
    return caught.value


def test_a_server_that_takes_no_connection_has_billed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with full_listener() as server:
        failed = refused_by(server, monkeypatch)
        assert failed.unbilled
        assert f"no connection to {server} within 0.3 s" in failed.message


def test_a_proxy_that_leads_nowhere_has_billed_nothing(monkeypatch: pytest.MonkeyPatch, web: WebServer) -> None:
    monkeypatch.setenv("HTTPS_PROXY", web.url)
    failed = refused_by("https://model.example.com", monkeypatch)
    assert failed.unbilled
    assert "the connection to https://model.example.com failed: ProxyError 501" in failed.message


def test_waiting_for_room_under_a_cap_uses_up_no_patience() -> None:
    async def attempt() -> str:
        tried.append(time.monotonic())
        if len(tried) == 1:
            raise TryFailed("it may have been billed")
        await asyncio.sleep(0.1)
        return "whole"

    async def pay_again() -> None:
        await asyncio.sleep(0.6)

    tried: list[float] = []
    hasty = Patience(attempts=3, total=0.5, first_wait=0.01)
    reply, tries = asyncio.run(persist(attempt, hasty, lambda _: None, pay_again))
    assert (reply, len(tries)) == ("whole", 1)


def test_an_aborted_call_ends_and_hangs_up_on_the_model() -> None:
    """Nothing else would end it."""
    with on_stage(Patience(total=1_000, idle=1_000)) as stage:
        stage.play(Turn(text="x", fault=Hang(after=3)), RECOVERED)
        abort = threading.Event()

        with pytest.raises(Aborted):
            stage.gateway.effect("model", MODEL_REQUEST, on_event=lambda _: abort.set(), abort=abort)

        assert stage.ask()["content"] == [{"type": "text", "text": "Here I am."}]
        assert len(stage.requests) == 2


def test_waits_grow_are_jittered_and_have_a_ceiling() -> None:
    patience = Patience(first_wait=1.0, longest_wait=30.0)

    assert 0.5 <= patience.wait(1, None) <= 1
    assert 2 <= patience.wait(3, None) <= 4
    assert 15 <= patience.wait(50, None) <= 30
    assert patience.wait(1, 12.0) == 12
    assert patience.wait(1, 3600.0) == 30


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("nan", None), ("inf", None), ("soon", None), ("", None)],
)
def test_retry_after_is_read_with_caution(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}) == seconds


def test_retry_after_may_be_a_date() -> None:
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert (retry_after({"retry-after": "Wed, 21 Oct 2065 07:28:00 GMT"}) or 0) > 1e6
