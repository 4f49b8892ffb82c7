"""What stands around a page: the navigation with what waits, and the keys that it offers."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from harness.web.password import Password
from tests.web.conftest import Web


def test_what_waits_is_counted_beside_the_approvals_and_no_more_once_it_is_answered(page: Page, web: Web) -> None:
    navigation = page.get_by_role("navigation", name="Pages")
    page.goto("/memory")
    expect(navigation.get_by_role("link", name="Approvals", exact=True)).to_be_visible()

    web.sidecar.approval(web.sidecar.client.run_skill("greeter", "Ada").id)
    page.goto("/memory")
    expect(navigation.get_by_role("link", name="Approvals 1 waiting", exact=True)).to_be_visible()

    page.goto("/approvals")
    page.get_by_role("button", name="No").click()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    expect(navigation.get_by_role("link", name="Approvals", exact=True)).to_be_visible()


@pytest.mark.parametrize("address", ["/memory", "/files", "/skills"])
def test_where_there_is_something_to_step_to_the_keys_say_so(page: Page, web: Web, address: str) -> None:
    (web.sidecar.workspace / "USER.md").write_text("Ada")
    page.goto(address)
    page.keyboard.press("j")
    expect(page.get_by_role("main").get_by_role("link").and_(page.locator(":focus"))).to_have_count(1)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Next and previous row or card")


@pytest.mark.parametrize("address", ["/skills/weekly_review", "/skills/greeter/source"])
def test_where_there_is_nothing_they_do_not(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_text("Search here")).to_be_visible()
    expect(dialog.get_by_text("Next and previous row or card")).to_be_hidden()


def test_who_is_not_in_yet_is_offered_no_keys(page: Page, web: Web) -> None:
    Password(web.sidecar.client.settings.store).set("a password for others")
    page.goto("/login")
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.get_by_role("button", name="Keys")).to_have_count(0)


def test_what_is_pressed_as_soon_as_it_is_seen_is_done(page: Page) -> None:
    def come_late(route: Route) -> None:
        time.sleep(0.5)
        route.continue_()

    page.route("**/static/*.js", come_late)
    page.goto("/review", wait_until="commit")
    page.get_by_role("button", name="Review now").click()
    expect(page).to_have_url(re.compile("/runs/"))
