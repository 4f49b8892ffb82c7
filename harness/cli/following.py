"""To follow a run while it goes on, and to lose nothing of it when the sidecar goes away and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from pydantic import JsonValue

from harness.cli.failure import INTERRUPTED, Failure
from harness.cli.live import step_line
from harness.cli.terminal import Terminal
from sidecar.client import Client, NotRunning, views

PATIENCE = 60.0  # seconds that a sidecar may be away before we give up on it
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two looks


def follow(terminal: Terminal, run: str) -> views.RunDetail:
    """Tell the run's steps on stderr until it has ended, and return it whole."""
    try:
        for moment in moments_of(terminal.client, run, lost=lambda: terminal.progress(LOST)):
            line = step_line(moment, terminal.words)
            if line is not None:
                terminal.progress(line)
    except KeyboardInterrupt:
        next_ = terminal.command(f"runs show {run}")
        raise Failure(
            "nobody follows it any more; the run goes on", next_=next_, type_="interrupted", code=INTERRUPTED
        ) from None
    return terminal.client.run(run, step=views.EVERY_STEP if terminal.as_json else None)


LOST = "! The sidecar does not answer; waiting for it. The run is stored and loses nothing."


def moments_of(
    client: Client, run: str, *, since: int = 0, lost: Callable[[], None], patience: float = PATIENCE
) -> Iterator[views.Moment]:
    """What happens in a run, from the moment `since` until it has ended; each moment once.

    A stream that breaks off is taken up where it was lost. A sidecar that has restarted keeps no moments from before,
    so what may have been missed and still matters, that the run waits for a person, is then read from the store.
    Raises NotRunning where the sidecar stays away.
    """
    while True:
        try:
            for moment in client.moments(since=since, run=run):
                since = moment.id
                yield moment
            now = client.run(run).run
        except NotRunning:
            lost()
            now = _found_again(client, run, patience)
        if now.state in views.FINAL:
            return
        if now.state == "waiting":
            yield from _what_it_waits_for(client, run, since)
        time.sleep(FIRST_PAUSE)  # a stream that ends before its run does is not asked for in a tight loop


def _found_again(client: Client, run: str, patience: float) -> views.Run:
    deadline = time.monotonic() + patience
    pause = FIRST_PAUSE
    while True:
        try:
            return client.run(run).run
        except NotRunning:
            if time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _what_it_waits_for(client: Client, run: str, since: int) -> Iterator[views.Moment]:
    for approval in client.approvals():
        if approval.run == run:
            data: dict[str, JsonValue] = {"id": approval.id, "state": "open", "question": approval.question, "run": run}
            yield views.Moment(id=since, at=approval.asked_at, topic="approval", data=data)
