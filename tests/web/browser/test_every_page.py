"""Each page that the application has, by axe-core's rules, light and dark, and on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.talking_model import TalkingModel
from tests.web.browser.furnished import addresses, furnished
from tests.web.browser.window import NARROW, WIDE, window
from tests.web.conftest import Web

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


@pytest.fixture(scope="module")
def furnished_web(tmp_path_factory: pytest.TempPathFactory, browser: Browser, model: TalkingModel) -> Iterator[Web]:
    with furnished(tmp_path_factory.mktemp("furnished"), model) as web:
        yield web


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_finding(browser: Browser, furnished_web: Web, theme: Literal["light", "dark"]) -> None:
    found = []
    with window(browser, furnished_web, size=WIDE, theme=theme) as page:
        for address in addresses(furnished_web):
            page.goto(address)
            found += [f"{address}: {finding}" for finding in findings(page)]
    assert not found, "\n".join(found)


def findings(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for violation in violations
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def test_no_page_is_wider_than_a_narrow_screen(browser: Browser, furnished_web: Web) -> None:
    found = []
    with window(browser, furnished_web, size=NARROW) as page:
        for address in addresses(furnished_web):
            page.goto(address)
            found += [f"{address}: {element}" for element in page.evaluate(WIDER_THAN_THE_SCREEN)]
    assert not found, "\n".join(found)
