"""What the model reads of a run: what each step did, what a rehearsal held back, and one line for each run."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from harness.agent.tools.show_run import NOT_HANDLED, show_run, show_run_detail
from harness.agent.tools.show_step import REPLY, TEXT, show_calls, show_step
from sidecar.commands.excerpt import VALUE, excerpt
from tests.agent.talk import HASH, call_row, reply, run_detail, run_row, step_row

ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("kind", "arguments", "result", "line"),
    [
        ("notify", {"target": "#ops", "text": "it is\ndown"}, {}, r'notify → #ops: "it is\ndown" (not sent)'),
        ("emit", {"name": "down", "payload": {"n": 1}, "id": None}, {}, 'emit down {"n": 1} (not emitted)'),
        ("state.put", {"name": "alerting", "value": True}, None, "state.put alerting = true (not kept)"),
        ("state.get", {"name": "n"}, {"found": True, "value": 3}, "state.get n = 3"),
        ("state.get", {"name": "n"}, {"found": False}, "state.get n: nothing was put yet"),
        ("sleep", {"seconds": 60}, None, "sleep 60 s (not slept)"),
        ("approve", {"question": "Pay?"}, {"approved": False, "because": "no"}, 'approve "Pay?" (not asked) → no: no'),
        ("ask", {"prompt": "Fair?", "values": []}, "yes", 'ask "Fair?" succeeded: "yes"'),
        ("wait_for", {"name": "paid", "seconds": 60}, None, "wait_for paid (not waited) → nothing came"),
        ("irreversible", {"cents": 5}, "R1", 'fetch(cents=5) succeeded: "R1"'),
        ("step", {"service": "api", "n": 2}, 5, 'fetch(service="api", n=2) succeeded: 5'),
        ("now", {}, "2026-11-21", 'fetch succeeded: "2026-11-21"'),
    ],
)
def test_a_rehearsals_step_says_what_it_would_have_done(kind: str, arguments: Any, result: Any, line: str) -> None:
    step: Any = step_row(kind=kind, arguments=arguments, result=result)
    assert show_step(step, rehearsal=True) == line
    assert "(not" not in show_step(step, rehearsal=False)


def test_a_sub_run_is_named_where_it_was_started() -> None:
    step: Any = step_row(kind="invoke", arguments={"skill": "translate", "input": "hi"}, result="hallo", child="02RUN")
    assert show_step(step, rehearsal=False) == 'invoke translate("hi") → "hallo" (run 02RUN)'


def test_a_call_shows_the_beginning_of_what_came_back() -> None:
    page: Any = call_row(reply=reply(b"<h1>" + b"x" * 1_000, kind="text/html"))
    (line,) = show_calls([page])
    assert line.startswith("fetch: GET https://shop/ → 200 text/html: <h1>xxx")
    assert line.endswith(f"(+{1_004 - REPLY} characters)")


def test_what_a_rehearsal_would_have_written_and_sent_is_shown() -> None:
    text = "a\nb" * TEXT
    write: Any = call_row(kind="files", request={"action": "write", "path": "out/a.txt", "text": text}, stubbed=True)
    body = base64.b64encode(b'{"n": 1}').decode()
    post = {"method": "POST", "url": "https://shop/", "content_base64": body}
    send: Any = call_row(request=post, stubbed=True)
    written, sent = show_calls([write, send])
    assert written.startswith(r'fetch: write out/a.txt (1,500 characters) (not written): "a\nb')
    assert sent == r'fetch: POST https://shop/ "{\"n\": 1}" (not sent)'


def test_a_secret_is_shown_by_its_name_in_a_url_and_in_a_body() -> None:
    secret = {"secret": "SHOP_TOKEN", "escaped_for": "url"}
    post = {
        "method": "POST",
        "url": ["https://shop/?key=", secret],
        "content": ['{"user": "ada", "token": "', secret | {"escaped_for": "json"}, '"}'],
    }
    error = {"type": "ConnectFailed", "message": "POST https://shop/?key=[secret SHOP_TOKEN]: refused", "traceback": ""}
    sent: Any = call_row(request=post, stubbed=True)
    failed: Any = call_row(request=post, error=error, reply=None)
    what = "fetch: POST https://shop/?key=[secret SHOP_TOKEN]"
    body = r'"{\"user\": \"ada\", \"token\": \"[secret SHOP_TOKEN]\"}"'
    assert show_calls([sent, failed]) == [f"{what} {body} (not sent)", f"{what} {body} → ConnectFailed: refused"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("step 'fetch' failed: KeyError: 'a'", "fetch failed: KeyError, as above"),
        ("'a'", "fetch failed: KeyError, as above"),
        ("'a' and 'b' are missing", "fetch failed: KeyError: 'a'"),
        ("", "fetch failed: KeyError: 'a'"),
    ],
)
def test_an_error_is_as_above_where_it_is_the_same(said: str, shown: str) -> None:
    error = {"type": "KeyError", "message": "'a'", "traceback": ""}
    step: Any = step_row(arguments={}, state="failed", error=error)
    assert show_step(step, rehearsal=False, said=said) == shown.replace("fetch", "fetch()", 1)


LONG: Any = [{"name": "lamp", "price": number} for number in range(1_000)]


@pytest.mark.parametrize(
    ("kind", "arguments", "result", "line"),
    [
        ("state.get", {"name": "n"}, {"found": True, "value": LONG}, 'state.get n = "[{'),
        ("state.put", {"name": "n", "value": LONG}, None, 'state.put n = "[{'),
        ("emit", {"name": "n", "payload": {"lamps": LONG}, "id": None}, None, r'emit n "{\"lamps\": [{'),
        ("wait_for", {"name": "n"}, {"payload": LONG}, 'wait_for n → "[{'),
        ("invoke", {"skill": "n", "input": LONG}, None, 'invoke n("[{'),
    ],
)
def test_of_a_long_value_the_beginning_is_shown(kind: str, arguments: Any, result: Any, line: str) -> None:
    step: Any = step_row(kind=kind, arguments=excerpt(arguments), result=excerpt(result))
    assert show_step(step, rehearsal=False).startswith(line)
    assert len(json.dumps(excerpt(arguments))) < VALUE + TEXT


def test_an_object_of_many_names_is_cut_too() -> None:
    assert len(json.dumps(excerpt({str(n): n for n in range(10_000)}))) < 2 * VALUE


def test_tries_that_ended_alike_are_told_once() -> None:
    error = {"type": "ConnectFailed", "message": "GET https://shop/: refused", "traceback": ""}
    tries: Any = [call_row(attempt=attempt, error=error, reply=None) for attempt in range(1, 5)]
    assert show_calls(tries) == ["4 tries, all: fetch: GET https://shop/ → ConnectFailed: refused"]


def test_a_failed_rehearsal_says_that_the_handler_was_not_rehearsed() -> None:
    error = {"type": "KeyError", "message": "'price'", "traceback": ""}
    failed: Any = run_detail(run=run_row(state="failed", error=error), has_on_failure=True)
    assert show_run_detail(failed, ZONE).splitlines()[1] == NOT_HANDLED
    for_real: Any = run_detail(run=run_row(state="failed", error=error, rehearsal=False), has_on_failure=True)
    assert NOT_HANDLED not in show_run_detail(for_real, ZONE)


def test_a_run_in_a_list_is_one_line_with_what_came_of_it() -> None:
    error = {"type": "StepFailed", "message": "no\nanswer", "traceback": ""}
    row: Any = run_row(
        trigger="every 300 s at 2026-11-21T06:05:00.000+00:00",
        state="failed",
        error=error,
        rehearsal=False,
        result="nothing to report: all is well",
        told=["#ops: it is down", "#ops: it is up"],
    )
    assert show_run(row, ZONE).split(" | ") == [
        "01RUN price_report failed",
        "by its schedule (every 300 s)",
        "Sat 2026-11-21 09:00",
        "2.0 s",
        "StepFailed: no answer",
        "nothing to report: all is well",
        "told #ops: it is down",
        "told #ops: it is up",
    ]


def test_a_run_names_its_version_and_the_runs_around_it() -> None:
    child = run_row(id="02RUN", skill="translate", trigger="run 01RUN", parent="01RUN", result="hallo")
    detail: Any = run_detail(run=run_row(parent="00RUN"), children=[child])
    shown = show_run_detail(detail, ZONE)
    assert f"version {HASH[:12]}, part of run 00RUN" in shown
    assert "runs that it started:\n  02RUN translate succeeded | run 01RUN |" in shown
