"""How many webhooks are taken a second, and that each that was acknowledged is one event, whoever is killed
meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import sqlalchemy as sa

from harness.web.doors.hooks import Hooks
from sidecar.store.schema import events
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.process import processor_seconds
from tests.bench.engine.stage import Stage, tell
from tests.bench.web.sender import Sent, send
from tests.support.live_sidecar import LiveSidecar
from tests.support.signing import signed
from tests.support.web_process import WebProcess

NAME = "measured"
BODY = b'{"order": "A7", "amount": 12.5, "lines": [{"sku": "x", "count": 2}, {"sku": "y", "count": 1}]}'


def measure(stage: Stage) -> list[Figure]:
    count, rate = stage.size(10_000, 200), stage.size(500, 100)
    with stage.sidecar() as sidecar, WebProcess(sidecar) as web:
        key = Hooks(sidecar.client.settings.store).add(NAME, "standard").keys[0].value
        sent(web, key, [f"warm {number}" for number in range(50)], rate)
        used = [processor_seconds(pid) for pid in (web.pid, sidecar.pid)]
        tell(f"webhooks: {count:,} at {rate} a second")
        quiet = sent(web, key, [f"quiet {number}" for number in range(count)], rate)
        used = [processor_seconds(pid) - before for pid, before in zip((web.pid, sidecar.pid), used, strict=True)]
        tell("webhooks: and with both processes killed")
        struck = with_kills(sidecar, web, key, [f"struck {number}" for number in range(count)], rate)
        lost, twice = check(sidecar, [*quiet.acknowledged, *struck.acknowledged])
    at_once = f"{count:,} webhooks at {rate} a second"
    return [
        Figure(f"{at_once}: taken", "1/s", [count / quiet.seconds], goal=Goal("at least", rate * 0.95)),
        Figure(f"{at_once}: answered after", "ms", list(quiet.acknowledged.values())),
        Figure("each takes: of the pages' process", "ms", [used[0] / count * 1000]),
        Figure("each takes: of the sidecar", "ms", [used[1] / count * 1000]),
        Figure("each takes: of whoever sends it here", "ms", [quiet.processor / count * 1000]),
        Figure(f"{at_once}, both killed: taken", "1/s", [count / struck.seconds]),
        Figure(f"{at_once}, both killed: sent again", "", [struck.tries - count]),
        Figure("acknowledged, and not stored", "", [lost], goal=Goal("at most", 0)),
        Figure("stored more than once", "", [twice], goal=Goal("at most", 0)),
    ]


def sent(web: WebProcess, key: str, ids: Sequence[str], rate: float) -> Sent:
    with _sending(web, key, ids, rate) as sender:
        return sender.result()


def with_kills(sidecar: LiveSidecar, web: WebProcess, key: str, ids: Sequence[str], rate: float) -> Sent:
    """The sidecar is killed after a third of them, the pages' process after two thirds; each is started again."""
    with _sending(web, key, ids, rate) as sender:
        for struck in (sidecar, web):
            time.sleep(len(ids) / rate / 3)
            struck.kill()
            struck.start()
        return sender.result()


@contextmanager
def _sending(web: WebProcess, key: str, ids: Sequence[str], rate: float) -> Iterator[Future[Sent]]:
    """By a process of its own, which is there when this begins. They are signed beforehand, and good for 5 minutes."""
    requests = {id_: _request(key, id_) for id_ in ids}
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(send, web.port, {}, rate).result()
        yield pool.submit(send, web.port, requests, rate)


def check(sidecar: LiveSidecar, acknowledged: Sequence[str]) -> tuple[int, int]:
    """How many of these are not in the store, and how many are there more than once."""
    stored = Counter(row.id for row in sidecar.query(sa.select(events.c.id).where(events.c.name == f"hook.{NAME}")))
    return sum(id_ not in stored for id_ in acknowledged), sum(stored[id_] > 1 for id_ in acknowledged)


def _request(key: str, id_: str) -> bytes:
    headers = signed(key, BODY.decode(), id_=id_) | {
        "host": "hooks.example.com",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
    }
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    return f"POST /hooks/{NAME} HTTP/1.1\r\n{lines}\r\n".encode() + BODY
