"""The pages by keyboard alone; and nothing jumps while they are brought up to date."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Web

# What an outline looks like is the stylesheet's; that there is one is not.
OUTLINE = "element => [getComputedStyle(element).outlineStyle, parseFloat(getComputedStyle(element).outlineWidth)]"


def addresses_of_keys(page: Page) -> dict[str, str]:
    """What the page says of its keys: for `g` and a letter, the link of that name in the navigation."""
    page.goto("/")
    terms = page.get_by_role("dialog", include_hidden=True).locator("dt")
    named = page.get_by_role("navigation", name="Pages").get_by_role("link")
    links = {link.inner_text(): str(link.get_attribute("href")) for link in named.all()}
    told = {}
    for term in terms.all():
        keys = (term.text_content() or "").split()
        if keys[0] == "g":
            told[keys[1]] = links[(term.locator("xpath=following-sibling::dd[1]").text_content() or "").strip()]
    assert sorted(told.values()) == sorted(links.values()), "every page of the navigation has a key"
    return told


def test_g_and_a_letter_go_to_each_page(page: Page) -> None:
    for letter, address in addresses_of_keys(page).items():
        with page.expect_navigation(url=f"**{address}"):  # also where that is the page that it leaves
            page.keyboard.press("g")
            page.keyboard.press(letter)


def test_the_keys_are_shown_and_closed_again(page: Page) -> None:
    page.goto("/skills")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


@pytest.mark.usefixtures("failed_run")
def test_j_and_k_walk_the_rows_and_enter_opens(page: Page) -> None:
    page.goto("/runs")
    rows = page.get_by_role("row").filter(has=page.get_by_role("checkbox", name="Choose run"))
    page.keyboard.press("j")
    expect(rows.first.get_by_role("link").first).to_be_focused()
    assert_visible_focus(rows.first.get_by_role("link").first)
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.first.get_by_role("link").first).to_be_focused()
    address = str(rows.first.get_by_role("link").first.get_attribute("href"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")


def test_while_typing_the_keys_are_letters(page: Page) -> None:
    page.goto("/chat")
    page.keyboard.press("/")
    field = page.get_by_label("Say what you need")
    expect(field).to_be_focused()
    page.keyboard.type("g h ? j /")
    expect(field).to_have_value("g h ? j /")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page).to_have_url("/chat")


def test_a_page_without_a_search_leads_to_that_of_the_runs(page: Page) -> None:
    page.goto("/skills")
    page.keyboard.press("/")
    page.wait_for_url("**/runs#search")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_in_the_code_too(page: Page) -> None:
    page.goto("/skills/greeter/source")
    code = page.get_by_role("textbox", name="skills/greeter.py")
    code.click()
    page.keyboard.type("gh?")
    expect(code).to_contain_text("gh?")
    expect(page).to_have_url("/skills/greeter/source")


def test_the_first_tab_offers_the_way_past_the_navigation(page: Page) -> None:
    page.goto("/runs")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_focus_can_be_seen_wherever_it_goes(page: Page) -> None:
    page.goto("/skills/greeter")
    seen = 0
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        if focused.count() == 0 or page.evaluate("document.activeElement === document.body"):
            break
        assert_visible_focus(focused.last)
        seen += 1
    assert seen > 10


def assert_visible_focus(element: Locator) -> None:
    style, width = element.evaluate(OUTLINE)
    assert (style, width >= 2) == ("solid", True), element.evaluate("element => element.outerHTML")


def test_a_live_update_moves_neither_the_page_nor_the_focus(page: Page, web: Web) -> None:
    for _ in range(15):
        web.sidecar.run("greeter", "nobody")
    page.set_viewport_size({"width": 900, "height": 400})
    page.goto("/runs")
    before = page.get_by_role("row").filter(has=page.get_by_role("checkbox", name="Choose run"))
    newest = before.first.get_attribute("id")
    focused = page.get_by_role("link", name="all", exact=True)
    focused.focus()
    chosen = before.nth(12).get_by_role("checkbox")
    run = str(chosen.get_attribute("value"))
    chosen.check()
    before.nth(12).scroll_into_view_if_needed()
    before.nth(12).get_by_role("link").first.focus()
    place = page.evaluate("document.activeElement.getAttribute('href')")
    top = page.locator(f"#run-{run}").bounding_box()

    web.sidecar.run("greeter", "nobody")
    expect(before.first).not_to_have_id(str(newest))

    assert page.evaluate("document.activeElement.getAttribute('href')") == place
    expect(page.get_by_role("checkbox", name=f"Choose run {run[:8]}")).to_be_checked()
    now = page.locator(f"#run-{run}").bounding_box()
    assert top is not None
    assert now is not None
    assert abs(now["y"] - top["y"]) < 2, "what is being read stays where it is"


def test_what_was_unfolded_stays_so(page: Page, web: Web) -> None:
    page.goto("/costs")
    page.get_by_text("As a table").click()
    before = str(page.get_by_role("main").get_attribute("data-since"))

    web.sidecar.run("greeter", "nobody")
    expect(page.get_by_role("main")).not_to_have_attribute("data-since", before)

    expect(page.locator("#days")).to_be_visible()


def test_j_walks_the_cards_too_and_ctrl_enter_sends(page: Page, web: Web) -> None:
    run = web.sidecar.client.run_skill("greeter", "Anna").id
    web.sidecar.approval(run)
    page.goto("/approvals")
    page.keyboard.press("j")
    focused = page.get_by_role("article").filter(has_text="Shout Anna?").get_by_role("link").first
    expect(focused).to_be_focused()
    web.sidecar.client.cancel(run)

    page.goto("/chat")
    page.get_by_label("Say what you need").fill("Greet me")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/chat/*")
