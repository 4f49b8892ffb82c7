from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.web.browser.window import CHROMIUM, MISSING, chromium, window
from tests.web.conftest import Web


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, web: Web) -> Iterator[Page]:
    with window(browser, web) as opened:
        yield opened
