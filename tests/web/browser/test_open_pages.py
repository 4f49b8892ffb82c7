"""An open page reads itself again when something happens: with all others that have it open, or alone where it was
itself that did it."""

from __future__ import annotations

from playwright.sync_api import Page, Request, expect

from harness.web.shared import HEADER
from tests.web.conftest import Web

ADDRESS = "/skills/greeter"


def test_it_names_what_it_has_heard_of_and_nothing_where_it_was_changed_there(page: Page, web: Web) -> None:
    page.goto(ADDRESS)
    with page.expect_request(lambda request: reads(request) and HEADER in request.headers) as asked:
        web.sidecar.client.pause("greeter", "elsewhere")
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    since = page.get_by_role("main").get_attribute("data-since")
    assert int(str(since)) >= int(asked.value.headers[HEADER])  # so it knows that there is nothing more to read

    with page.expect_request(lambda request: reads(request) and HEADER not in request.headers):
        resume.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def reads(request: Request) -> bool:
    return request.method == "GET" and request.url.endswith(ADDRESS)
