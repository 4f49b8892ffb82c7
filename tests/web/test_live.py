"""An open page hears of all that has happened since it was gathered."""

from __future__ import annotations

import json
import re

from .conftest import Web


def test_what_happens_between_a_page_and_its_stream_is_heard(web: Web) -> None:
    with web.browser() as browser:
        since = re.findall(r'data-since="(\d+)"', browser.get("/skills").text)
        web.sidecar.client.pause("greeter")
        web.sidecar.client.resume("greeter")
        with browser.stream("GET", "/live", params={"since": since[0]}) as live:
            told = (json.loads(line.removeprefix("data: ")) for line in live.iter_lines() if line.startswith("data: "))
            heard = next(moment for moment in told if moment.get("topic") == "skill" or not moment)
    assert heard == {} or heard["skill"] == "greeter"  # {}: nothing was known of yet, so it is to be read again
