"""Many runs at once are cancelled or run again upon a person's yes to exactly those that were shown."""

from __future__ import annotations

import pytest

from sidecar.client import views

from . import examples
from .conftest import Tend
from .double import Double
from .pseudo_terminal import on_terminal

RUNS = ["aaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaa2"]


@pytest.fixture
def many(sidecar: Double) -> Double:
    """Two failed runs, and an answer to whatever is done about them."""
    sidecar.answers["runs.list"] = lambda given: (
        [examples.run(id=id_, state="failed") for id_ in RUNS] if given["state"] == "failed" else []
    )
    done = [views.RunOutcome(run=run, done=True, told="done") for run in RUNS]
    sidecar.answers |= {"runs.cancel_many": done, "runs.rerun_many": done}
    return sidecar


@pytest.mark.parametrize("act", ["cancel", "rerun"])
def test_a_yes_does_it_to_each(tend: Tend, many: Double, act: str) -> None:
    with on_terminal(tend, "runs", act, "--state", "failed") as terminal:
        shown = terminal.see("[y/N]")
        assert all(run[:8] in shown for run in RUNS)
        assert f"runs.{act}_many" not in many.commands(), "it waits for the yes"
        terminal.type("y\r")
        assert terminal.ends() == 0
    command, given = many.asked[-1]
    assert (command, sorted(given["runs"])) == (f"runs.{act}_many", RUNS)


@pytest.mark.parametrize("keys", ["n\r", "\r"], ids=["no", "nothing"])
def test_anything_else_leaves_them_alone_and_says_so(tend: Tend, many: Double, keys: str) -> None:
    with on_terminal(tend, "runs", "cancel", "--state", "failed") as terminal:
        terminal.see("[y/N]")
        terminal.type(keys)
        terminal.see("none was touched")
        assert terminal.ends() == 1
    assert many.commands() == ["runs.list"]
