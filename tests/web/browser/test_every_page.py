"""Each page that the application has, new and full, by axe-core's rules, light and dark, and on a narrow screen; and
buttons that no other test presses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from tests.support.talking_model import TalkingModel
from tests.web.browser.furnished import NOWHERE, Place, empty_places, furnish, places, unfurnished
from tests.web.browser.window import NARROW, WIDE, chromium, window
from tests.web.conftest import Web

pytestmark = pytest.mark.timeout(600)  # most of it is spent furnishing, and in axe

SERIOUS = ("serious", "critical")

WIDER_THAN_THE_SCREEN = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element.closest("pre, .scroll, .cm-scroller, textarea, svg") !== null;
  const wide = [...document.querySelectorAll("main *, header *")].filter(
    (element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element));
  const told = wide.map((element) => element.outerHTML.slice(0, 200));
  const whole = document.documentElement.scrollWidth;
  return whole > width ? [`${whole} pixels`, ...told] : [];
}"""


# To measure contrast is most of what axe does, and of a hundred rows all look alike: of the elements that no rule of
# the stylesheet tells apart it is measured in one. The editor has styles of its own, and is measured whole.
ONE_OF_EACH_LOOK = """
  const told = ["class", "type", "aria-current", "aria-invalid", "aria-busy"];
  const own = ({ attributes }) => [...attributes].map(({ name, value }) => (told.includes(name) ? name + value : name));
  const look = (element) => (element ? `${look(element.parentElement)} ${element.localName}[${own(element)}]` : "");
  const speaks = (element) => element.matches("input, select, textarea, .code-editor")
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const speaking = [...document.body.querySelectorAll("*")].filter(speaks);
  const include = [...new Map(speaking.map((element) => [look(element), element])).values()];
"""
RULES = """async () => (await axe.run(document, {
  resultTypes: ["violations"], rules: { "color-contrast": { enabled: false } } })).violations"""
CONTRAST = f"""async () => {{ {ONE_OF_EACH_LOOK}
  const options = {{ resultTypes: ["violations"], runOnly: ["color-contrast"] }};
  return (await axe.run({{ include }}, options)).violations; }}"""


@dataclass
class Found:
    """On all pages; each line begins with the page's address."""

    light: list[str] = field(default_factory=list)
    dark: list[str] = field(default_factory=list)
    narrow: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, model: TalkingModel) -> Iterator[Web]:
    with unfurnished(tmp_path_factory.mktemp("furnished"), model) as web:
        yield web


@pytest.fixture(scope="module")
def found(browser: Browser, web: Web, model: TalkingModel) -> Found:
    found = Found()
    with window(browser, web) as page, ThreadPoolExecutor(1) as beside:
        page.add_init_script(AXE_SCRIPT)
        look(page, empty_places(web), found)
        furnish(web, model)
        wanted = places(web)
        others = beside.submit(look_beside, web, wanted[1::2], found)
        look(page, wanted[::2], found)
        others.result()
    return found


def look_beside(web: Web, wanted: Sequence[Place], found: Found) -> None:
    """With a browser of its own: what takes time is one process of each."""
    with chromium() as browser, window(browser, web) as page:
        page.add_init_script(AXE_SCRIPT)
        look(page, wanted, found)


def look(page: Page, wanted: Sequence[Place], found: Found) -> None:
    for place in wanted:
        status = place.open(page)
        assert status < 400 or place.address == NOWHERE, f"{place.name}: {status}"
        found.light += told(page, place.name, RULES, CONTRAST)
        page.emulate_media(color_scheme="dark")  # colours alone differ
        found.dark += told(page, place.name, CONTRAST)
        page.set_viewport_size(NARROW)
        found.narrow += [f"{place.name}: {wide}" for wide in page.evaluate(WIDER_THAN_THE_SCREEN)]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)


def told(page: Page, name: str, *scripts: str) -> list[str]:
    return [
        f"{name}: {rule['id']} ({rule['impact']}): {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for script in scripts
        for rule in page.evaluate(script)
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def test_no_page_has_a_serious_finding(found: Found) -> None:
    assert not found.light, "\n".join(found.light)


def test_none_has_in_the_dark(found: Found) -> None:
    assert not found.dark, "\n".join(found.dark)


def test_no_page_is_wider_than_a_narrow_screen(found: Found) -> None:
    assert not found.narrow, "\n".join(found.narrow)


def test_a_page_that_breaks_all_that_is_found(browser: Browser) -> None:
    page = browser.new_page(viewport=NARROW)
    page.set_content(
        "<style>.faint { color: #999 }</style><main style='width: 500px; background: #fff'><p>Easy to read</p>"
        "<p class='faint'>Hard to read</p><p><a href='/' aria-current='true' class='faint'>Here</a></p>"
        "<img src='x'></main>"
    )
    page.evaluate(AXE_SCRIPT)
    contrast, all_else = told(page, "a page", CONTRAST), told(page, "a page", RULES)
    assert ["Hard to read" in line for line in contrast] == [True, False]
    assert "image-alt" in " ".join(all_else)
    assert page.evaluate(WIDER_THAN_THE_SCREEN)
    page.close()


@pytest.mark.usefixtures("found")
def test_a_standing_approval_is_shown_and_revoked(page: Page, web: Web) -> None:
    client = web.sidecar.client
    standing = page.get_by_role("article").filter(has=page.get_by_role("button", name="Revoke"))
    page.goto("/approvals")
    standing.filter(has_text="a matter of course").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("There is none.")).to_be_visible()
    assert [grant.state for grant in client.grants()] == ["revoked"]

    client.grant("refund", "pay_back", {}, lasts=timedelta(hours=1), reason="this hour alone")
    page.goto("/approvals")
    expect(standing).to_contain_text("any arguments")
    expect(standing).to_contain_text("this hour alone")


@pytest.mark.usefixtures("found")
def test_a_notice_that_is_not_there_yet_is_dropped_and_sent_again(page: Page) -> None:
    page.goto("/health")
    notice = page.get_by_role("article").filter(has_text="3 differences")
    notice.get_by_role("button", name="Drop").click()
    expect(notice).to_contain_text("dropped")
    notice.get_by_role("button", name="Send again").click()
    expect(notice).to_contain_text("waiting")
