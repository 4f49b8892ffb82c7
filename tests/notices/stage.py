"""A live sidecar with targets, and a skill that says what it is told to."""

from __future__ import annotations

from pathlib import Path

from sidecar.client import views
from tests.support.live_sidecar import LiveSidecar
from tests.support.slack import TOKEN
from tests.support.waiting import wait_until

SAYS = '''"""Say some words to a target."""

from pydantic import BaseModel

from skills import Run, skill


class Words(BaseModel):
    target: str
    words: list[str]


@skill(concurrency=9)
def NAME(run: Run, given: Words) -> int:
    for word in given.words:
        run.notify(given.target, word)
    return len(given.words)
'''


def with_targets(folder: Path, toml: str, **settings: str) -> LiveSidecar:
    """Not started yet. `toml` stands in its tend.toml."""
    live = LiveSidecar(folder, slack_token=TOKEN, **settings)
    (live.workspace / "tend.toml").write_text(toml)
    return live


def say(sidecar: LiveSidecar, target: str, *words: str) -> list[views.Notice]:
    """As a skill; the notices, in the order in which they were said."""
    if sidecar.active("says") is None:
        sidecar.put("says", SAYS.replace("NAME", "says"))
    run = sidecar.run("says", {"target": target, "words": list(words)})
    assert run.run.state == "succeeded", run.run.error
    return [notice for notice in reversed(sidecar.client.notices(limit=500)) if notice.run == run.run.id]


def postings(sidecar: LiveSidecar, notice: views.Notice) -> tuple[views.Posting, ...]:
    (found,) = sidecar.client.notices(notice=notice.id)
    return found.postings


def comes_to_be(sidecar: LiveSidecar, notice: views.Notice, state: str, within: float = 60.0) -> views.Posting:
    """Wait until its one posting is in that state."""

    def found() -> views.Posting | None:
        (posting,) = postings(sidecar, notice)
        return posting if posting.state == state else None

    return wait_until(found, f"{notice.text!r} is {state}; it is {postings(sidecar, notice)}", within=within)
