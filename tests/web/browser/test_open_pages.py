"""An open page reads itself again when something happens: with all others that have it open, or alone where it was
itself that did it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Request, expect

from harness.web.shared import HEADER
from tests.support.scripted_author import calls, says, writes
from tests.support.talking_model import TalkingModel
from tests.web.browser.furnished import EVERYBODY
from tests.web.conftest import Web

ADDRESS = "/skills/greeter"
PRESS_AS_SOON_AS_IT_IS_THERE = """name => new Promise((done) => {
  const looking = setInterval(() => {
    const button = [...document.querySelectorAll("button")].find((each) => each.textContent === name);
    if (!button) return;
    clearInterval(looking);
    button.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 2 }));
    setTimeout(done, 1000);
  }, 10);
})"""
SEEN = """isSeen => {
  Object.defineProperty(document, "hidden", { value: !isSeen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


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


def test_the_answer_of_the_agent_takes_the_place_of_what_it_said_meanwhile(
    page: Page, web: Web, model: TalkingModel
) -> None:
    model.play("Which colour", calls("ask_person", {"question": "For what?"}), says("Then it is blue."))
    session = web.sidecar.client.send("Which colour?").id
    web.sidecar.approval(session)
    page.goto(f"/chat/{session}")
    expect(page.get_by_text("the agent waits")).to_be_visible()

    web.sidecar.client.send("a door", session=session)
    expect(page.get_by_role("article").filter(has_text="Then it is blue.")).to_be_visible()
    expect(page.get_by_text(re.compile("the agent (waits|answers)"))).to_have_count(0)


def test_a_button_that_takes_the_place_of_another_is_not_pressed_by_the_same_double_click(page: Page, web: Web) -> None:
    run = web.sidecar.client.run_skill("greeter", "Ada").id
    web.sidecar.approval(run)
    page.goto(f"/runs/{run}")
    page.get_by_role("button", name="Cancel").click()
    page.evaluate(PRESS_AS_SOON_AS_IT_IS_THERE, "Run again")
    expect(page).to_have_url(f"/runs/{run}")
    page.get_by_role("button", name="Run again", exact=True).click()
    expect(page).not_to_have_url(f"/runs/{run}")


def test_while_the_page_can_not_be_read_again_it_says_so_and_stays_as_it_is(page: Page, web: Web) -> None:
    page.goto(ADDRESS)
    page.get_by_label("name").fill("Ada")
    page.get_by_label("name").blur()
    web.sidecar.stop()
    page.evaluate("void refresh()")
    said = page.get_by_role("status")
    expect(said).to_contain_text("can't be read again (503)")
    web.sidecar.start()
    web.sidecar.client.pause("greeter", "elsewhere")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(said).to_be_empty()
    expect(page.get_by_label("name")).to_have_value("Ada")
    web.sidecar.client.resume("greeter")


def test_a_page_that_is_not_seen_holds_no_connection_and_misses_nothing(page: Page, web: Web) -> None:
    with page.expect_response("**/live?*"):
        page.goto(ADDRESS)
    with page.expect_event("requestfailed", lambda request: "/live?" in request.url):
        page.evaluate(SEEN, False)
    web.sidecar.client.pause("greeter", "elsewhere")
    page.evaluate(SEEN, True)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    web.sidecar.client.resume("greeter")


def test_a_version_that_is_restored_and_not_live_says_why(page: Page, web: Web, model: TalkingModel) -> None:
    model.play("Page everybody", writes("page_everybody", EVERYBODY), says("It waits for your yes."))
    client = web.sidecar.client
    web.sidecar.ended(client.send("Page everybody").id)
    asked = [each.id for each in client.approvals() if each.skill == "page_everybody"]
    assert asked, client.history("page_everybody")
    client.answer(asked[0], "no", "never")
    page.goto("/skills/page_everybody/versions")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("status")).to_contain_text("Not live: ")
