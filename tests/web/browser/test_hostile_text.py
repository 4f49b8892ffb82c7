"""What the agent, a skill and the world say is text, wherever it stands: nothing of it is run, loaded or followed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Dialog

from tests.support.scripted_author import says
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until
from tests.web.browser.furnished import pages_of
from tests.web.browser.window import window
from tests.web.conftest import Web

pytestmark = pytest.mark.timeout(600)

ELSEWHERE = "http://elsewhere.invalid/"
HOSTILE = (
    f"</pre></textarea><script>alert(1)</script><img src={ELSEWHERE}a.png onerror=alert(2)>"
    f"![x]({ELSEWHERE}b.png)[y](javascript:alert(3))<a href='javascript:alert(4)'>z</a><svg onload=alert(5)>"
    "\"' onfocus=alert(6) autofocus x='{{ 7 * 7 }}"
)
SKILL = f'''"""{HOSTILE.replace('"', "”")}"""

from datetime import timedelta

from skills import Run, event, skill, step

TEXT = {HOSTILE!r}


@step
def repeat(text: str) -> str:
    print(text)
    return text


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def shout(text: str) -> str:
    return text


@step
def fail(text: str) -> str:
    raise ValueError(text)


@skill(on=event("hostile", str))
def hostile(run: Run, text: str) -> str:
    said = run.step(repeat, text)
    run.log(text, field=text)
    run.notify(text, text)
    shouted = run.step_if_approved(text, shout, text)
    run.step(fail, text)
    return said if shouted is None else text
'''


def test_nothing_that_others_wrote_is_run_or_loaded(browser: Browser, web: Web, model: TalkingModel) -> None:
    client = web.sidecar.client
    model.play("Say something", says(HOSTILE))
    session = client.send(f"Say something {HOSTILE}").id
    web.sidecar.ended(session)
    web.sidecar.put("hostile", SKILL)
    client.emit("hostile", HOSTILE)
    run = wait_until(lambda: next(iter(client.runs(skill="hostile")), None), "the event starts the skill").id
    approval = web.sidecar.approval(run)
    client.pause("hostile", HOSTILE)
    client.remember("MEMORY.md", HOSTILE)
    web.sidecar.file("hostile_draft").write_text(SKILL + f"x: int = {HOSTILE!r}\n")

    opened: list[str] = []
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with window(browser, web) as page:  # which fails by itself where the policy had to forbid something
        page.on("dialog", dismiss)
        page.on("request", lambda request: opened.append(request.url))
        values = {"name": "hostile", "run": run, "session": session}
        places = [*pages_of(web, values, {"/runs/compare": f"?a={run}&b={run}"}), f"/runs/{run}?step=repeat"]
        for address in places:
            page.goto(address)
            assert page.locator("main script, main img, main [onerror], main [onload], main [onfocus]").count() == 0
            assert page.locator("a[href^='javascript' i]").count() == 0
        client.answer(approval.id, "yes", HOSTILE)
        web.sidecar.ended(run)
        for address in places:
            page.goto(address)
        assert "alert(1)" in page.get_by_role("main").inner_text(), "it was there to be seen"
    assert dialogs == []
    assert [url for url in opened if not url.startswith((web.base, "data:"))] == []
