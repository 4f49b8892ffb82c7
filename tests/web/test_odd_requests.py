"""What no JSON, no text or no time can be is refused with a reason, and is no server error."""

from __future__ import annotations

import pytest

from .conftest import Web

VALUES = [b"NaN", b"1e999", b'"\\ud800"', b'"\\u0000"', b"[" * 20_000, b"1" * 5_000, b'{"a": -Infinity}', b"\xff"]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:16].decode(errors="replace"))
@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/api/skills/greeter/run", b'{"input": VALUE}'),
        ("/api/runs/nothing/rerun", b'{"input": VALUE}'),
        ("/api/chat", b'{"text": VALUE}'),
        ("/api/many-runs/cancel", b'{"runs": [VALUE]}'),
    ],
)
def test_values_that_not_every_database_holds_are_refused(web: Web, address: str, body: bytes, value: bytes) -> None:
    with web.browser(**{"content-type": "application/json"}) as browser:
        answer = browser.post(address, content=body.replace(b"VALUE", value))
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")


@pytest.mark.parametrize(
    "address",
    [
        "/api/runs?since=0001-01-01T00:00:00",
        "/api/runs?since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-12:00",
        "/api/runs?until=9999-12-31T23:59:59",
        "/api/runs?skill=%00",
        "/api/runs?version=%ed%a0%80",
        "/api/runs/%00",
        "/api/runs/%ff%fe",
        "/api/runs/" + "a" * 5_000,
        "/api/skills/%00/source",
        "/api/skills/..%2f..%2fetc/source",
        "/api/skills/greeter/source?version=%00",
        "/api/skills/greeter/versions?old=%25&new=_",
        "/api/chat/%00",
        "/hooks/%00",
        "/static/%00",
        "/static/..%2fapp.py",
        "/enter?ticket=%00",
        "/runs/%ff?step=%00",
    ],
)
def test_odd_addresses_are_not_found_or_refused(web: Web, address: str) -> None:
    with web.browser() as browser:
        assert browser.get(address).status_code < 500


@pytest.mark.parametrize("id_", ["99999999999999999999999999", "9" * 5_000, "-1", "x"])
def test_a_stream_resumes_after_what_nobody_has_told(web: Web, id_: str) -> None:
    with (
        web.browser(**{"last-event-id": id_}) as browser,
        browser.stream("GET", "/live") as live,
    ):
        assert live.status_code == 200
        assert next(live.iter_lines()) == "retry: 1000"


def test_a_page_is_given_to_who_has_heard_of_what_nobody_has_told(web: Web) -> None:
    with web.browser(**{"x-heard": "9" * 5_000}) as browser:
        assert browser.get("/skills").status_code == 200
