"""A window of a real Chromium, the system's own, with a session at the pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests.web.conftest import Web

CHROMIUM = shutil.which("chromium")
MISSING = "no test in a browser was run: there is no Chromium here (apt-get install chromium)"
WITHIN = 60_000.0  # milliseconds; two processors may have much else to do

WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=740)


@contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=WITHIN)
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(
    browser: Browser, web: Web, *, size: ViewportSize = WIDE, theme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """On the way out there may have been no error in the page's own script, and nothing that its policy forbids."""
    session = web.access.enter(web.access.new_ticket())
    assert session is not None
    context = browser.new_context(base_url=web.base, viewport=size, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(WITHIN)
    context.add_cookies(
        [{"name": web.cookie, "value": session, "url": web.base, "httpOnly": True, "sameSite": "Strict"}]
    )
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.extend(_trouble(message)))
    try:
        yield page
    finally:
        context.close()
    assert not troubles, troubles


def _trouble(message: ConsoleMessage) -> list[str]:
    """A request that was answered with an error is the page's own business: it tells the person."""
    told = message.text
    return [told] if message.type == "error" and not told.startswith("Failed to load resource") else []
