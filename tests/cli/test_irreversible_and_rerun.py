"""What a person is shown before a yes that cannot be taken back, and how they run something once more."""

from __future__ import annotations

import json

from sidecar.client import views

from . import examples
from .conftest import Inside
from .double import Double

LONG = "all of it is shown " * 40 + "to the end"
CALL = views.BoundCall(step="page", arguments={"why": [LONG]}, version="9" * 64)


def test_an_approval_shows_the_whole_call_that_a_yes_executes(inside: Inside, sidecar: Double) -> None:
    asked = examples.approval(call=CALL, target="pager.example.com", hash="a" * 64)
    sidecar.answers |= {"approvals.list": [asked], "approvals.show": asked}
    for command in (["approvals", "list"], ["approvals", "show", "ab12"]):
        shown = inside(*command).stdout
        assert "page, once" in shown
        assert LONG.replace(" ", "") in "".join(shown.split())
        assert "pager.example.com" in shown
        for whole in ("9" * 64, "a" * 64):
            assert whole in shown.replace("\n", "").replace(" ", "")


def test_what_may_have_happened_is_answered_with_done_or_not_done(inside: Inside, sidecar: Double) -> None:
    unknown = examples.approval(kind="unknown", call=CALL, choices=("done", "not-done"), expires_at=None)
    sidecar.answers |= {
        "approvals.list": [unknown],
        "approvals.show": unknown,
        "approvals.answer": examples.answered(),
    }
    assert "approvals answer ab12cd34ef56ab12 not-done" in inside("approvals", "list").stdout
    refused = inside("approvals", "approve", "ab12")
    assert refused.returncode != 0
    assert "done|not-done" in refused.stderr
    inside("approvals", "answer", "ab12", "not-done")
    assert sidecar.asked[-1] == (
        "approvals.answer",
        {"approval": "ab12cd34ef56ab12", "answer": "not-done", "because": ""},
    )


def test_a_rerun_names_the_step_the_input_and_the_version(inside: Inside, sidecar: Double) -> None:
    made = examples.run(trigger=f"rerun of {examples.RUN} from fetch#2")
    sidecar.answers |= {"runs.show": examples.run_detail(), "runs.rerun": made}
    done = inside("runs", "rerun", "a1b2", "--from", "fetch#2", "--input", '{"n": 3}', "--version", "same", "--json")
    assert json.loads(done.stdout)["trigger"] == made.trigger
    given = {"run": examples.RUN, "from_step": "fetch#2", "input": {"n": 3}, "version": "same"}
    assert sidecar.asked[-1] == ("runs.rerun", given)
    assert made.trigger in inside("runs", "rerun", "a1b2").stdout
