"""A webhook's name is its door's: no skill emits it."""

from __future__ import annotations

import pytest

from sidecar.checker.read_source import read_source
from sidecar.checker.report import Problem
from tests.checker.conftest import BODY, HEAD, snapshot


def problems(call: str) -> list[Problem]:
    constant = 'PAID = "hook.paid"\n\n\n'
    source = f'{HEAD}{constant}@skill(hosts=["shop.example.com"])\ndef price(run: Run) -> Price:\n    {call}\n{BODY}'
    return list(read_source(snapshot(source)).problems)


@pytest.mark.parametrize(
    "call",
    [
        'run.emit("hook.paid")',
        'run.emit("hook.paid", {"amount": 7}, id="A7")',
        'run.emit(name="hook.paid")',
        "run.emit(PAID)",
        'run.emit(f"hook.{run.now}")',
    ],
)
def test_one_that_is_written_out_is_refused(call: str) -> None:
    [problem] = problems(call)
    assert "a webhook's name" in problem.reason
    assert problem.fix == "Choose a name that does not begin with 'hook.'."


@pytest.mark.parametrize(
    "call", ['run.emit("order.paid")', 'run.emit("hooked")', "run.emit(str(run.now))", "run.emit()"]
)
def test_others_pass(call: str) -> None:
    assert problems(call) == []
