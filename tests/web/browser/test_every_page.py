"""Each page that the application has, by axe-core's rules, light and dark, and on a narrow screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.talking_model import TalkingModel
from tests.web.browser.furnished import NOWHERE, addresses, furnished
from tests.web.browser.window import NARROW, WIDE, window

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


@dataclass
class Found:
    """On all pages; each line begins with the page's address."""

    light: list[str] = field(default_factory=list)
    dark: list[str] = field(default_factory=list)
    narrow: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, browser: Browser, model: TalkingModel) -> Found:
    found = Found()
    with furnished(tmp_path_factory.mktemp("furnished"), model) as web, window(browser, web) as page:
        for address in addresses(web):
            answer = page.goto(address)
            assert answer is not None
            assert answer.ok or address == NOWHERE, f"{address}: {answer.status}"
            found.light += [f"{address}: {told}" for told in violations(page)]
            page.emulate_media(color_scheme="dark")  # colours alone differ
            found.dark += [f"{address}: {told}" for told in violations(page, runOnly=["color-contrast"])]
            page.set_viewport_size(NARROW)
            found.narrow += [f"{address}: {told}" for told in page.evaluate(WIDER_THAN_THE_SCREEN)]
            page.emulate_media(color_scheme="light")
            page.set_viewport_size(WIDE)
    return found


def violations(page: Page, **options: Any) -> list[str]:
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for rule in Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
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
    page.set_content("<main style='width: 500px; color: #999; background: #fff'>Hard to read<img src='x'></main>")
    told = " ".join(violations(page))
    assert "color-contrast" in told
    assert "image-alt" in told
    assert page.evaluate(WIDER_THAN_THE_SCREEN)
    page.close()
