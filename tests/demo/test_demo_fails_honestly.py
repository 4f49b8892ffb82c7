"""The demo is no film: where the product, the shop or the model does something else, it stops and says what."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any, Self

import pytest

from harness.cli.console import stdout_console
from harness.demo import script, stage
from harness.demo.agent_at_work import follow
from harness.demo.lamp_prices import NEW_PATTERN
from harness.demo.shop import Shop
from harness.demo.story import main
from harness.demo.telling import Telling
from harness.demo.turns import Request, Turn
from sidecar.client import views
from tests.cli.examples import run, run_detail
from tests.demo.conftest import Folders


class ShutShop(Shop):
    """Nobody answers at its address."""

    def __enter__(self) -> Self:
        super().__enter__()
        super().__exit__(None, None, None)
        return self

    def __exit__(self, *_: object) -> None:
        """It is shut already."""


@pytest.fixture(autouse=True)
def places(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(folders.temporary))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folders.runtime))
    yield
    for workspace in folders.workspaces:
        shutil.rmtree(workspace)


def spoiled(given: dict[str, Any]) -> dict[str, Any]:
    wrong = NEW_PATTERN.replace("([0-9.]+)", "([0-9])[0-9.]+")
    return {name: value.replace(NEW_PATTERN, wrong) if name == "text" else value for name, value in given.items()}


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_a_shop_that_is_shut(capsys: pytest.CaptureFixture[str], folders: Folders) -> None:
    assert main(shop=ShutShop()) == 1
    text = said(capsys)
    assert "was to succeed and is failed" in text
    assert "no connection could be made" in text
    assert "All of it happened" not in text
    assert str(folders.workspaces[0]) in text, "what there is to look at is kept, and named"


def test_a_revision_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """It passes the check and its rehearsal, and reads the first digit of each price."""

    def fool(request: Request) -> Turn:
        turn = script.turn(request)
        return replace(turn, tools=tuple(replace(use, input=spoiled(use.input)) for use in turn.tools))

    assert main(script=fool) == 1
    assert "the revision was accepted, and its reports are wrong still" in said(capsys)


def test_a_model_that_does_not_answer_the_need(capsys: pytest.CaptureFixture[str]) -> None:
    def shy(_: Request) -> Turn:
        return Turn("I would rather not.")

    assert main(script=shy) == 1
    text = said(capsys)
    assert "I would rather not." in text
    assert "The demo stops" in text


def test_an_agent_may_take_its_time_for_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy machine; here a clock goes on with each look."""
    clock = [0.0]
    monkeypatch.setattr(stage, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=lambda _: None))
    ended = run_detail()
    a_step = 0.8 * stage.WITHIN

    def look(_: str) -> views.RunDetail:
        clock[0] += 1
        done = int(clock[0] / a_step)
        over = done > len(ended.steps)
        return run_detail(steps=ended.steps[:done], run=ended.run if over else run(state="running"))

    assert ended.run.state == "succeeded"
    slow: Any = SimpleNamespace(client=SimpleNamespace(run=look))
    follow(slow, Telling(stdout_console()), ended.run)
    assert clock[0] > 2 * stage.WITHIN


def test_an_agent_that_does_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr(stage, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None))
    idle: Any = SimpleNamespace(client=SimpleNamespace(run=lambda _: run_detail(steps=(), run=run(state="running"))))
    with pytest.raises(stage.NotAsTold, match="the agent's next step"):
        follow(idle, Telling(stdout_console()), run())
