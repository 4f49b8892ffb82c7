"""The whole story, as a person at the pages sees it: a need, a skill, a yes, a failure, its repair, a revision, and the
way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import says, writes
from tests.support.talking_model import TalkingModel
from tests.web.conftest import Web, served

NEED = "Order lamps when the stock is low, and ask me before you do"
FIRST = '''"""Order lamps when the stock is low, when a person agrees."""

from datetime import timedelta

from skills import Expect, Run, files, skill, step


@step
def count_stock() -> int:
    return int(files.read("stock.txt"))


@skill(reads=["stock.txt"], expect=Expect(within=timedelta(days=1), messages_at_most=1))
def order_lamps(run: Run) -> str:
    missing = 20 - run.step(count_stock)
    if not run.approve(f"Order {missing} lamps?"):
        return "nothing was ordered"
    run.notify("#shop", "I have ordered lamps.")
    run.notify("#shop", f"There are {missing} to come.")
    return f"ordered {missing} lamps"
'''
MENDED = FIRST.replace("int(files.read", "count(files.read").replace(
    "\n\n@step", '\n\ndef count(text: str) -> int:\n    return 12 if text == "a dozen" else int(text)\n\n\n@step', 1
)
REVISED = MENDED.replace('    run.notify("#shop", "I have ordered lamps.")\n', "")
JUDGED = {
    "summary": "It talks too much.",
    "findings": [{"candidate": 0, "why": "Two notices.", "ask": "Revise order_lamps: one notice is enough."}],
}


@pytest.fixture
def model() -> Iterator[TalkingModel]:
    with TalkingModel() as model:
        yield model


@pytest.fixture
def web(tmp_path: Path, model: TalkingModel) -> Iterator[Web]:
    """Of its own: the review is to find this story's failure, and no other."""
    with LiveSidecar(tmp_path, base_url=model.base_url) as sidecar, served(sidecar) as web:
        yield web


def test_from_a_need_to_a_skill_that_was_mended_revised_and_rolled_back(
    page: Page, web: Web, model: TalkingModel
) -> None:
    stock = web.sidecar.workspace / "stock.txt"
    stock.write_text("12")
    model.play(NEED, writes("order_lamps", FIRST), says("order_lamps is live. It asks you first."))
    model.play("Fix order_lamps", writes("order_lamps", MENDED, base=FIRST), says("It reads a dozen now."))
    model.play("These are the week's runs", says(json.dumps(JUDGED)))
    model.play(
        "Revise order_lamps", writes("order_lamps", REVISED, base=MENDED, reason="one notice is enough"), says("Done.")
    )

    say_what_you_need(page)
    find_the_skill(page)
    run_it_and_say_yes(page)
    stock.write_text("a dozen")
    see_it_fail_and_have_it_fixed(page)
    let_the_review_revise_it(page)
    go_back_to_the_version_before(page)


def say_what_you_need(page: Page) -> None:
    page.goto("/")
    go_to(page, "Chat")
    page.get_by_label("Say what you need").fill(NEED)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("article").filter(has_text="order_lamps is live. It asks you first.")).to_be_visible()


def find_the_skill(page: Page) -> None:
    go_to(page, "Skills")
    page.get_by_role("link", name="order_lamps").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("active")
    expect(page.get_by_text("reads stock.txt")).to_be_visible()


def run_it_and_say_yes(page: Page) -> None:
    page.get_by_role("button", name="Run now").click()
    say_yes(page, "Order 8 lamps?", "ordered 8 lamps")


def say_yes(page: Page, question: str, outcome: str) -> None:
    """From the page of a run that waits, to the approvals and back."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("waiting")
    run = page.url
    go_to(page, "Approvals")
    card = page.get_by_role("article").filter(has_text=question)
    card.get_by_label("Because").fill("we sell many")
    card.get_by_role("button", name="Yes").click()
    expect(card).to_have_count(0)
    page.goto(run)
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.get_by_role("main")).to_contain_text(outcome)


def see_it_fail_and_have_it_fixed(page: Page) -> None:
    open_skill(page)
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("failed")
    expect(page.get_by_role("main")).to_contain_text("invalid literal for int() with base 10: 'a dozen'")
    failed = page.url
    page.get_by_role("button", name="Ask the agent to fix it").click()
    expect(page.get_by_role("article").filter(has_text="It reads a dozen now.")).to_be_visible()
    page.goto(failed)
    page.get_by_role("button", name="Run again", exact=True).click()
    expect(page).not_to_have_url(failed)
    say_yes(page, "Order 8 lamps?", "ordered 8 lamps")


def let_the_review_revise_it(page: Page) -> None:
    go_to(page, "Review")
    page.get_by_role("button", name="Review now").click()
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    go_to(page, "Review")
    proposal = page.get_by_role("article").filter(has=page.get_by_role("button", name="Accept"))
    expect(proposal).to_contain_text('-    run.notify("#shop", "I have ordered lamps.")')
    proposal.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("No revision waits for a decision.")).to_be_visible()


def go_back_to_the_version_before(page: Page) -> None:
    open_skill(page)
    page.get_by_role("link", name="Versions").click()
    rows = page.get_by_role("row").filter(has=page.get_by_role("radio"))
    expect(rows).to_have_count(3)
    before = rows.filter(has_text=rows.nth(1).get_by_role("link").inner_text())
    before.get_by_role("button", name="Restore").click()
    expect(before).to_contain_text("active")
    expect(rows.filter(has_text="active")).to_have_count(1)
    page.get_by_role("link", name="Code").click()
    expect(page.get_by_role("textbox", name="skills/order_lamps.py")).to_contain_text("I have ordered lamps.")


def open_skill(page: Page) -> None:
    go_to(page, "Skills")
    page.get_by_role("link", name="order_lamps").click()


def go_to(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
