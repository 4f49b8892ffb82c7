"""Ten steps, a notice and an event: what a run does while it is struck, and what has to be seen of it afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from sidecar.store.schema import attempts, events, notices, runs, step_attempts, steps
from tests.chaos.order import assert_never_back
from tests.support.sink import Sink

STEPS = 10
NAME = "ten_steps"

_TEXT = '''"""Ten steps, a notice and an event."""

import time
from datetime import timedelta

from skills import Run, http, skill, step


@step(attempts=30, backoff=timedelta(milliseconds=50))
def call(path: str, key: str) -> str:
    time.sleep(0.05)
    http.post(f"http://HOST/{path}", headers={"idempotency-key": key}).raise_for_status()
    return path


@skill(hosts=["HOST"], concurrency=1000)
def ten_steps(run: Run, word: str) -> str:
    said = [run.step(call, f"{word}/{number}", run.key(f"{number}")) for number in range(10)]
    run.notify("#storm", word)
    run.emit("storm.over", word)
    return f"{word} {len(said)}"
'''

Query = Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]]


def text(sink: Sink) -> str:
    return _TEXT.replace("HOST", sink.host)


class TenSteps:
    """The runs of one case, each with a word of its own."""

    def __init__(self, query: Query, sink: Sink, words: Sequence[str]) -> None:
        self._query = query
        self._sink = sink
        self.words = words

    def find(self, word: str) -> str | None:
        """The run that has this word, if it is there."""
        asked = sa.type_coerce(runs.c.input, sa.Text) == json.dumps(word)
        return next((row.id for row in self._query(sa.select(runs.c.id).where(asked))), None)

    def hold(self) -> int:
        """When all are over: each ended well, and did and told everything once. Returns how many requests came again:
        no more than tries were struck, on record, and none after the next step had begun."""
        ended = [row for row in self._query(sa.select(runs).where(runs.c.skill == NAME)) if row.input in self.words]
        assert sorted(row.input for row in ended) == sorted(self.words), "a start is one run"
        for row in ended:
            assert (row.state, row.output) == ("succeeded", f"{row.input} {STEPS}"), (row.input, row.error)
        ids = [row.id for row in ended]
        self._hold_once(ids)
        return self._hold_world(ids)

    def _hold_once(self, ids: Sequence[str]) -> None:
        """Each notice, each event, each attempt's success: once."""
        query, words = self._query, self.words
        told = [row.text for row in query(sa.select(notices.c.text)) if row.text in words]
        assert sorted(told) == sorted(words), "each notice once"
        emitted = [row.payload for row in query(sa.select(events.c.payload).where(events.c.name == "storm.over"))]
        assert sorted(each for each in emitted if each in words) == sorted(words), "each event once"
        good = sa.select(attempts.c.run).where(attempts.c.outcome == "succeeded", attempts.c.run.in_(ids))
        assert sorted(row.run for row in query(good)) == sorted(ids), "one attempt succeeds"
        open_ = sa.select(attempts.c.run).where(attempts.c.outcome == "running", attempts.c.run.in_(ids))
        assert not query(open_), "no attempt is left open"
        done = sa.select(steps.c.run).where(steps.c.name == "call", steps.c.state == "succeeded", steps.c.run.in_(ids))
        assert len(query(done)) == len(words) * STEPS

    def _hold_world(self, ids: Sequence[str]) -> int:
        expected = {f"/{word}/{number}" for word in self.words for number in range(STEPS)}
        paths = Counter({path: times for path, times in self._sink.paths().items() if path.split("/")[1] in self.words})
        assert set(paths) == expected, sorted(set(paths) ^ expected)
        assert all(len(self._sink.keys(path)) == 1 for path in paths), "a repeated step has another key"
        for word in self.words:
            assert_never_back(self._sink.received, word, int)
        repeats = paths.total() - len(self.words) * STEPS
        struck = sa.select(step_attempts.c.run).where(
            step_attempts.c.outcome.in_(("lost", "failed")), step_attempts.c.run.in_(ids)
        )
        on_record = len(self._query(struck))
        assert repeats <= on_record, f"{repeats} repeats, {on_record} tries on record that were struck"
        return repeats
