"""A skill's code and the form to run it, in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from pydantic import JsonValue

from tests.web.conftest import Web

SHELF = '''"""Put things on a shelf."""

from pydantic import BaseModel, Field

from skills import Run, skill


class Thing(BaseModel):
    name: str = Field(min_length=2)
    pieces: int = Field(default=3, le=10)
    tags: list[str] = []
    more: dict[str, int] = {}


@skill()
def shelf(run: Run, thing: Thing) -> str:
    return f"{thing.pieces} {thing.name} {thing.tags} {thing.more}"
'''

PARCEL = '''"""Send a parcel."""

from datetime import datetime

from pydantic import BaseModel

from skills import Run, skill


class Parcel(BaseModel):
    dataset: str
    rehearsal: str = ""
    version: int = 1
    at: datetime | None = None
    lines: list[str] = []
    fragile: bool | None = None
    note: str = ""
    old: str | None = None


@skill()
def send_parcel(run: Run, parcel: Parcel) -> str:
    return parcel.dataset
'''
SENT: dict[str, JsonValue] = {
    "dataset": "a\nb",
    "version": 2**53 + 1,
    "at": "2026-11-27T09:30:00.123456Z",
    "lines": ["a\nb", ""],
    "fragile": None,
    "note": "",
    "old": "",
}


def open_code(page: Page, web: Web) -> None:
    web.sidecar.put("shelf", SHELF)
    page.goto("/skills/shelf/source")
    page.get_by_role("textbox", name="skills/shelf.py").click()
    page.keyboard.press("Control+End")


def test_a_mistake_is_marked_while_it_is_typed_and_gone_when_it_is_mended(page: Page, web: Web) -> None:
    open_code(page, web)

    page.keyboard.type("\nx: int = 'a'\n")
    expect(page.get_by_role("status").filter(has_text="1 problem; not saved")).to_be_visible()
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^line ")).click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.type("x = 1")

    expect(page.get_by_role("status").filter(has_text="passes its check; not saved")).to_be_visible()
    expect(page.locator(".cm-lint-marker-error")).to_have_count(0)
    assert web.sidecar.client.source("shelf").text == SHELF


def test_it_is_saved_by_a_key_and_live(page: Page, web: Web) -> None:
    open_code(page, web)

    page.keyboard.type("\nX = 1\n")
    page.keyboard.press("Control+s")

    expect(page.get_by_role("status").filter(has_text="saved, and live as")).to_be_visible()
    assert web.sidecar.client.source("shelf").text == SHELF + "\nX = 1\n"


def test_what_somebody_else_has_saved_meanwhile_is_shown_and_not_lost(page: Page, web: Web) -> None:
    open_code(page, web)
    page.keyboard.type("\nMINE = 1\n")
    web.sidecar.put("shelf", SHELF.replace("Put things", "Put all things"))

    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").filter(has_text="somebody else has saved meanwhile")).to_be_visible()
    page.get_by_role("button", name="Take theirs").first.click()
    page.keyboard.press("Control+s")

    expect(page.get_by_role("status").filter(has_text="saved, and live as")).to_be_visible()
    assert web.sidecar.client.source("shelf").text == SHELF.replace("Put things", "Put all things") + "\nMINE = 1\n"


def test_a_file_that_was_deleted_meanwhile_is_written_anew_when_it_is_saved_again(page: Page, web: Web) -> None:
    open_code(page, web)
    page.keyboard.type("\nMINE = 1\n")
    web.sidecar.file("shelf").unlink()

    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").filter(has_text="somebody has deleted the file meanwhile")).to_be_visible()
    page.keyboard.press("Control+s")

    expect(page.get_by_role("status").filter(has_text="saved, and live as")).to_be_visible()
    assert web.sidecar.client.source("shelf").text == SHELF + "\nMINE = 1\n"


def test_the_form_says_beside_a_field_what_is_wrong_and_starts_the_run_with_what_is_in_it(page: Page, web: Web) -> None:
    web.sidecar.put("shelf", SHELF)
    page.goto("/skills/shelf")

    expect(page.get_by_label("pieces")).to_have_value("3")
    page.get_by_label("name").fill("lamps")
    page.get_by_label("pieces").fill("11")
    page.get_by_label("tags").fill("a\nb")
    page.get_by_label("more").fill('{"x": 1')
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_label("pieces")).to_have_accessible_description(re.compile("less than or equal to 10"))
    expect(page.get_by_label("more")).to_have_accessible_description(re.compile("This is no JSON"))
    expect(page.get_by_label("pieces")).to_be_focused()

    page.get_by_label("pieces").fill("4")
    page.get_by_label("more").fill('{"x": 1}')
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("4 lamps ['a', 'b'] {'x': 1}").first).to_be_visible()


def test_a_field_may_have_any_name_and_what_is_left_as_it_is_is_sent_as_it_was(page: Page, web: Web) -> None:
    web.sidecar.put("send_parcel", PARCEL)
    page.goto("/skills/send_parcel")
    page.get_by_label("dataset").fill("lamps")
    page.get_by_role("button", name="Rehearse").click()
    expect(page.get_by_text("rehearsal: it wrote, told and asked nothing")).to_be_visible()
    assert web.sidecar.client.runs(skill="send_parcel")[0].rehearsal

    run = web.sidecar.run("send_parcel", SENT).run
    for changed in ({}, {"dataset": "a\nb\nc", "version": 2**53 + 3}):
        page.goto(f"/runs/{run.id}")
        page.get_by_text("Run again with another input").click()
        for name, value in changed.items():
            page.get_by_label(name).fill(str(value))
        page.get_by_role("button", name="Start it").click()
        expect(page).not_to_have_url(re.compile(run.id))
        expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
        again = web.sidecar.client.runs(skill="send_parcel")[0].id
        assert web.sidecar.client.run(again).input == SENT | changed
