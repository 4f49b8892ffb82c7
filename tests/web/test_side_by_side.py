"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from harness.web.side_by_side import aligned
from sidecar.client import views

from .conftest import GREETER, Web

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def run_of(*steps: tuple[str, JsonValue]) -> views.RunDetail:
    """A run of steps, each with its result; a name with `#2` is that step's second time."""
    run = views.Run(id="1", skill="a", version="v", state="succeeded", trigger="call", created_at=NOW)
    return views.RunDetail.model_construct(run=run, steps=tuple(_step(*step) for step in steps))


def _step(key: str, result: JsonValue) -> views.Step:
    name, _, nth = key.partition("#")
    return views.Step(
        name=name, occurrence=int(nth or 1) - 1, kind="step", state="succeeded", arguments=None, result=result,
        started_at=NOW, ended_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ([("x", 1)], [("x", 1)], ["x same"]),
        ([("x", 1)], [("x", 2)], ["x differs"]),
        ([("x", 1), ("y", 1)], [("x", 1)], ["x same", "y only a"]),
        ([("x", 1), ("y", 1)], [("x", 1), ("new", 1), ("y", 1)], ["x same", "new only b", "y same"]),
        ([("y", 1)], [("n", 1), ("m", 1), ("y", 1)], ["n only b", "m only b", "y same"]),
        ([("x", 1), ("y", 1)], [("y", 1), ("x", 1), ("z", 1)], ["x same", "z only b", "y same"]),
        ([("x", 1), ("x#2", 1)], [("x", 1), ("x#2", 2), ("x#3", 3)], ["x same", "x#2 differs", "x#3 only b"]),
        ([], [("x", None)], ["x only b"]),
        ([], [], []),
    ],
)
def test_steps_are_aligned_by_their_keys(
    a: Sequence[tuple[str, JsonValue]], b: Sequence[tuple[str, JsonValue]], told: list[str]
) -> None:
    assert [f"{pair.key} {pair.how}" for pair in aligned(run_of(*a), run_of(*b))] == told


def test_two_runs_with_what_has_changed_between_their_versions(web: Web) -> None:
    web.sidecar.put("compared", GREETER.replace("greeter", "compared"))
    older = web.sidecar.run("compared", "nobody").run.id
    web.sidecar.put("compared", GREETER.replace("greeter", "compared").replace('"nobody"', '"somebody"'))
    newer = web.sidecar.client.run_skill("compared", "nobody").id
    web.sidecar.approval(newer)
    web.sidecar.client.cancel(newer)

    with web.browser() as browser:
        told = browser.get(f"/api/runs/compare?b={newer}").json()
        page = browser.get(f"/runs/compare?a={older}&b={newer}").text
        first = browser.get(f"/api/runs/compare?b={older}")
        offered = ["Compare with the run before" in browser.get(f"/runs/{run}").text for run in (older, newer)]

    assert told["a"]["run"]["id"] == older
    assert [(pair["key"], pair["how"]) for pair in told["steps"]] == [("greet", "differs"), ("approve:shout", "only b")]
    assert "somebody" in told["diff"]["text"]
    for shown in ("differs", "only b", "Hello, nobody", "The same in both", "somebody"):
        assert shown in page
    assert first.status_code == 404
    assert "the first run of compared" in first.json()["detail"]
    assert offered == [False, True]
