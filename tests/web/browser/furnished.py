"""A workspace with something on every page, and much of it: long names, values without a space, a failure, a refused
file, what waits for a person, a review with a proposal, a conversation, money spent, secrets and notices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from string import Formatter

from fastapi.routing import iter_route_contexts
from playwright.sync_api import Page, expect
from pydantic import JsonValue
from starlette.responses import HTMLResponse

from harness.web.app import application
from harness.web.password import Password
from harness.web.place import place_of
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import says, writes
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until
from tests.web.conftest import Web, served

TARGETS = """
alerts = ["ops"]
[targets.ops]
kind = "webhook"
url = "http://127.0.0.1:9/nobody-listens-here"
"""

NOWHERE = "/no/such/page"

RECONCILE = "reconcile_the_invoices_of_all_subsidiaries_with_what_the_bank_says"
RECONCILING = '''"""Compare the invoices of every subsidiary with what the bank says, and tell #finance what differs.

A difference below one euro is written off; a larger one is listed with its invoice and the account that it went to."""

from datetime import timedelta

from pydantic import BaseModel

from skills import Expect, Run, StepFailed, cron, files, skill, step


class Difference(BaseModel):
    invoice: str
    account: str
    euros: float


@step
def read_the_statement_of_the_account(account: str) -> Difference:
    print("a statement without a space: " + "0123456789abcdef" * 20)
    return Difference(invoice="INV-" + "0" * 40, account=account, euros=12.5)


@step(attempts=2, backoff=timedelta(milliseconds=1))
def read_the_archive(year: int) -> str:
    return files.read(f"archive/{year}.csv")


@skill(
    on=cron("30 6 * * 1-5"),
    reads=["archive/*.csv"],
    expect=Expect(within=timedelta(minutes=5), messages_at_most=1, same_output_at_most=50),
)
def reconcile_the_invoices_of_all_subsidiaries_with_what_the_bank_says(run: Run) -> dict[str, list[Difference]]:
    found = run.map(read_the_statement_of_the_account, [f"DE{number:020}" for number in range(3)])
    try:
        run.step(read_the_archive, 2019)
    except StepFailed as failure:
        run.log("there is no archive of that year", year=2019, told=failure.message, level="warning")
    run.notify("ops", "3 differences: " + ", ".join(each.account for each in found))
    run.notify("#finance", "Three invoices differ from the statement.")
    return {"differences_larger_than_one_euro": found}
'''

REFUND = '''"""Refund an order when a person agrees."""

from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel

from skills import Run, skill, step


class Order(BaseModel):
    id: str
    cents: int = 1250
    reason: Literal["late", "broken", "other"] = "other"
    urgent: bool = False
    bought: date | None = None
    tags: list[str] = []


@step(irreversible=True, answer_within=timedelta(days=2), on_expiry="no")
def pay_back(order: Order) -> str:
    return f"paid {order.cents} cents for {order.id}"


@skill()
def refund(run: Run, order: Order) -> str | None:
    paid = run.step_if_approved(f"Pay back {order.cents / 100:.2f} € for the order {order.id}?", pay_back, order)
    return paid.result if paid else None
'''
ORDER: dict[str, JsonValue] = {
    "id": "order-" + "7" * 120,
    "reason": "broken",
    "tags": ["a-tag-that-goes-on-and-on-" * 8],
}

FAILING = '''"""Read the sales of the day."""

from skills import Expect, Run, skill, step


@step
def read_sales(day: str) -> int:
    raise ValueError(f"the report of {day} has no column 'sales': {'date;units;revenue;' * 20}")


@skill(expect=Expect(messages_at_most=1))
def daily_sales(run: Run, day: str = "2026-11-27") -> int:
    run.log("reads the report", day=day)
    return run.step(read_sales, day)
'''

CLOSING = '''"""Close the books of the day, whatever the till says at first."""

from datetime import timedelta

from skills import Run, Skill, files, skill, step

daily_sales = Skill.named("daily_sales", takes=str, returns=int)


@step(attempts=3, backoff=timedelta(milliseconds=1))
def count_the_till() -> int:
    if not files.list("books/*"):
        files.write("books/open", "")
        raise ConnectionError("the till does not answer")
    return 1250


@skill(reads=["books/*"], writes=["books/*"])
def close_the_books(run: Run) -> int:
    cents = run.step(count_the_till)
    run.log("the till is counted", cents=cents)
    started = run.start(daily_sales, "2026-11-27")
    run.log("the sales are read", run=started)
    run.sleep(timedelta(milliseconds=50))
    return cents
'''

PAGER = '''"""Page whoever is on call."""

from skills import Run, http, secret, skill, step


@step
def page_them(text: str) -> int:
    return http.post("https://pager.example.com/page", bearer=secret("PAGER_TOKEN"), json=text).status


@skill(hosts=["pager.example.com"], secrets=["PAGER_TOKEN"])
def page_on_call(run: Run, text: str) -> int:
    return run.step(page_them, text)
'''

EVERYBODY = PAGER.replace("page_on_call", "page_everybody").replace("whoever is on call", "everybody")
REFUSED = PAGER.replace("page_on_call", "half_written").replace(
    "-> int:\n    return run", '-> int:\n    x: int = ""\n    return run'
)

ANSWER = """Every working day at 6:30 I compare the invoices with the bank.

```python
found = run.map(read_the_statement_of_the_account, accounts)
```

1. A difference below one euro is written off.
2. A larger one is listed: https://bank.example.com/statements?account=DE00000000000000000000&from=2026-11-01&until=2026-11-30
"""
JUDGED = {
    "summary": "Two notices a morning where one was meant. Everything else went as it should.",
    "findings": [{"candidate": 0, "why": "It says twice what it could say once.", "ask": "Revise it: one notice."}],
}


@contextmanager
def unfurnished(folder: Path, model: TalkingModel) -> Iterator[Web]:
    """A new workspace, in which nothing was done yet."""
    sidecar = LiveSidecar(folder, base_url=model.base_url)
    (sidecar.workspace / "tend.toml").write_text(TARGETS)
    with sidecar, served(sidecar) as web:
        yield web


def furnish(web: Web, model: TalkingModel) -> None:
    sidecar = web.sidecar
    revised = RECONCILING.replace('    run.notify("#finance", "Three invoices differ from the statement.")\n', "")
    question = "Compare our invoices with the bank every working day before seven"
    model.play(question, writes(RECONCILE, RECONCILING), says(ANSWER))
    model.play("Page me", writes("page_everybody", EVERYBODY), says("It waits for your yes: it sends a secret."))
    model.play("These are the week's runs", says(json.dumps(JUDGED)))
    model.play("Revise it", writes(RECONCILE, revised, base=RECONCILING, reason="one notice is enough"), says("Done."))

    client = sidecar.client
    sidecar.ended(client.send(question).id)
    assert sidecar.run(RECONCILE).run.misfire
    sidecar.ended(client.review_now().id)
    wait_until(client.proposals, "the review proposes something")

    sidecar.put("daily_sales", FAILING)
    sidecar.run("daily_sales", "2026-11-27")
    sidecar.put("close_the_books", CLOSING)
    sidecar.run("close_the_books")
    sidecar.put("refund", REFUND)
    sidecar.put("page_on_call", PAGER)
    sidecar.ended(client.send("Page me when the shop is down").id)
    client.write("half_written", REFUSED, base=None, reason="asked for")
    client.set_secret("PAGER_TOKEN", "not shown anywhere")
    client.grant_secret("page_on_call", "PAGER_TOKEN", "pager.example.com")
    client.grant(
        "refund",
        "pay_back",
        {"order": ORDER | {"id": "A7"}},
        lasts=timedelta(days=30),
        reason="refunds are a matter of course this month",
    )
    waiting = client.run_skill("refund", ORDER).id  # its arguments are not those of the standing approval
    client.pause("daily_sales", "until the report is what it was")
    wait_until(lambda: client.run(waiting).run.state != "queued", "the refund has begun")
    client.cap("skill", "refund", amount=2.5, why="a person looks at refunds")
    Password(client.settings.store).set("a password for others")
    for name, text in (("USER.md", "Anna, runs the shop. Answers in the morning."), ("MEMORY.md", "- " + "long" * 60)):
        (sidecar.workspace / name).write_text(text)
    (sidecar.workspace / "reports").mkdir()
    (sidecar.workspace / "reports" / f"{'a-long-name-' * 15}.txt").write_text("a report\n")


@dataclass(frozen=True)
class Place:
    """A page; or what a person has made of it, who acted there."""

    address: str
    act: Callable[[Page], object] | None = None

    @property
    def name(self) -> str:
        return f"{self.address} {self.act.__name__.strip('_')}" if self.act else self.address

    def open(self, page: Page) -> int:
        """The answer's status."""
        answer = page.goto(self.address)
        assert answer is not None
        if self.act:
            self.act(page)
        return answer.status


def empty_places(web: Web) -> list[Place]:
    """Of a new workspace: every page that is not about something in particular."""
    return [Place(address) for address in pages_of(web, {}, {}) if address not in ("/runs/compare", "/login")]


def places(web: Web) -> list[Place]:
    """Every page that the application has, with something on it, and some in other states."""
    client = web.sidecar.client
    run, failed, waiting, retried = (
        client.runs(skill=name)[0].id for name in (RECONCILE, "daily_sales", "refund", "close_the_books")
    )
    said = client.sessions()
    values = {"name": RECONCILE, "run": run, "session": said[-1].id}
    pages = pages_of(web, values, {"/runs/compare": f"?a={failed}&b={run}"})
    version = client.history(RECONCILE)[-1].hash
    return [
        *map(Place, pages),
        Place("/", _keys),
        Place("/login", _wrong_password),
        Place("/runs", _chosen),
        Place("/costs", _as_a_table),
        Place("/skills/refund", _needed_field_left_out),
        Place("/skills/half_written/source", _marked),
        Place(f"/skills/{RECONCILE}/source", _saved_by_somebody_else),
        Place(f"/runs/{failed}", _all_unfolded),
        Place(f"/chat/{said[0].id}"),
        Place(f"/files?path=skills/{RECONCILE}.py"),
        Place("/memory?path=SOUL.md"),
        Place(f"/runs/{run}?step=read_the_archive"),
        Place(f"/runs/{waiting}"),
        Place(f"/runs/{retried}"),
        Place(f"/runs/{retried}?step=count_the_till"),
        Place("/runs?state=failed"),
        Place("/skills/half_written"),
        Place("/skills/page_on_call"),
        Place("/skills/daily_sales"),
        Place("/skills/weekly_review"),
        Place(f"/skills/{RECONCILE}/source?version={version}"),
        Place(NOWHERE),
    ]


def _keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def _wrong_password(page: Page) -> None:
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _chosen(page: Page) -> None:
    page.get_by_role("checkbox", name="Choose all runs").check()
    expect(page.get_by_role("button", name="Run them again")).to_be_visible()


def _as_a_table(page: Page) -> None:
    page.get_by_text("As a table").click()


def _needed_field_left_out(page: Page) -> None:
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_label("id")).to_have_attribute("aria-invalid", "true")


def _marked(page: Page) -> None:
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)


def _saved_by_somebody_else(page: Page) -> None:
    """Another text than theirs is refused, and both are shown."""
    page.locator("form.editor input[name=base]").evaluate("field => { field.value = 'of another text' }")
    page.get_by_role("textbox", name=f"skills/{RECONCILE}.py").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nMINE = 1\n")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("button", name="Take theirs").first).to_be_visible()


def _all_unfolded(page: Page) -> None:
    for folded in page.locator("main summary").all():
        folded.click()


def pages_of(web: Web, values: dict[str, str], queries: dict[str, str]) -> list[str]:
    """The address of every page that the application has, with these values in it, and with its query if it has one; of
    those alone for which there are values."""
    settings = web.sidecar.client.settings
    return [
        route.path.format(**values) + queries.get(route.path, "")
        for route in iter_route_contexts(application(settings, place_of(settings)).routes)
        if getattr(route, "response_class", None) is HTMLResponse and route.path
        if {name for _, name, *_ in Formatter().parse(route.path) if name} <= values.keys()
    ]
