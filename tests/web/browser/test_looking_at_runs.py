"""The list of runs and one of them, in a browser: a choice stays, filters are kept by a name, a step is beside."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Web

WALK = '''"""Walk two steps."""

from skills import Run, skill, step


@step()
def walk(to: str) -> str:
    return f"at {to}"


@skill()
def walker(run: Run) -> str:
    run.step(walk, "the bridge")
    return run.step(walk, "the tower")
'''


@pytest.fixture(scope="module")
def walked(web: Web) -> list[str]:
    web.sidecar.put("walker", WALK)
    return [web.sidecar.run("walker").run.id for _ in range(2)]


def test_what_was_chosen_stays_while_a_run_comes_in_and_two_are_compared(
    page: Page, web: Web, walked: list[str]
) -> None:
    page.goto("/runs?skill=walker&text=the+tower")
    rows = page.get_by_role("row").filter(has=page.get_by_role("checkbox", name="Choose run"))
    before = rows.count()
    for run in walked:
        page.get_by_role("checkbox", name=f"Choose run {run[:8]}").check()

    web.sidecar.run("walker")
    expect(rows).to_have_count(before + 1)

    for run in walked:
        expect(page.get_by_role("checkbox", name=f"Choose run {run[:8]}")).to_be_checked()
    page.get_by_role("button", name="Compare the two chosen").click()
    expect(page).to_have_url(re.compile(f"a={walked[0]}&b={walked[1]}"))
    expect(page.get_by_role("row").filter(has_text="walk#2")).to_contain_text("same")


def test_filters_are_kept_by_a_name_until_they_are_forgotten(page: Page, walked: list[str]) -> None:
    page.goto("/runs?skill=walker&state=succeeded&text=")
    page.get_by_label("Save these filters as").fill("walks")
    page.get_by_role("button", name="Save", exact=True).click()

    page.goto("/runs")
    page.get_by_role("link", name="walks", exact=True).click()
    expect(page.get_by_role("combobox", name="Skill")).to_have_value("walker")
    page.get_by_role("button", name="Forget the view walks").click()
    expect(page.get_by_role("link", name="walks", exact=True)).to_have_count(0)


def test_a_step_is_shown_beside_and_can_be_gone_back_from(page: Page, walked: list[str]) -> None:
    page.goto(f"/runs/{walked[0]}")
    page.get_by_role("link", name="walk#2").click()

    beside = page.get_by_role("region", name="Step walk#2")
    expect(beside).to_contain_text("at the tower")
    expect(page).to_have_url(re.compile("step=walk%232"))
    page.go_back()
    expect(beside).to_have_count(0)
    page.go_forward()
    expect(beside).to_be_visible()
