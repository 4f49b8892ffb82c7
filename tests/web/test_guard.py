"""What another site's page, or a name that was pointed at us, can do: nothing."""

from __future__ import annotations

import pytest

from .conftest import Web

PAGES = ["/", "/skills", "/skills/greeter", "/skills/greeter/source", "/skills/greeter/versions", "/runs", "/approvals"]


@pytest.mark.parametrize("address", [*PAGES, "/api/runs", "/live", "/openapi.json"])
def test_without_a_session_nothing_is_shown(web: Web, address: str) -> None:
    with web.stranger() as stranger:
        assert stranger.get(address).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1.evil.example:{port}"])
def test_it_answers_to_its_own_names_only(web: Web, host: str) -> None:
    with web.browser(host=host.format(port=web.port)) as browser:
        assert browser.get("/").status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing_and_hears_nothing(web: Web, headers: dict[str, str]) -> None:
    before = len(web.sidecar.client.runs(skill="greeter"))
    with web.browser(**headers) as browser:
        assert browser.post("/api/skills/greeter/run", json={"input": "x"}).status_code == 403
        assert browser.get("/live").status_code == 403
    assert len(web.sidecar.client.runs(skill="greeter")) == before


def test_a_form_can_not_be_sent_where_json_is_wanted(web: Web) -> None:
    """A form of another site needs no leave to be sent; JSON does."""
    with web.browser() as browser:
        sent = browser.post("/api/skills/greeter/run", data={"input": "x"})
    assert sent.status_code == 422
    assert sent.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("address", ["/", "/static/tend.js", "/nothing", "/api/runs"])
def test_every_answer_has_the_policy(web: Web, address: str) -> None:
    with web.browser() as browser:
        policy = browser.get(address).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_what_skills_say_is_text(web: Web, failed_run: str) -> None:
    with web.browser() as browser:
        run = browser.get(f"/runs/{failed_run}").text
        skill = browser.get("/skills/greeter").text
    assert "&lt;script&gt;alert(1)" in run
    assert "<script>alert" not in run
    assert "<b>everybody" not in skill


@pytest.mark.parametrize("address", PAGES)
def test_no_page_has_script_or_style_in_its_html(web: Web, address: str) -> None:
    with web.browser() as browser:
        page = browser.get(address).text
    for forbidden in ("<script>", " style=", "<style", " onclick=", "javascript:"):
        assert forbidden not in page
