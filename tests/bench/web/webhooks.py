"""How many webhooks are taken a second, and that each that was acknowledged is one event, whoever is killed meanwhile.

The senders do as services do: they send when it is time, whether the last one was answered or not, and what is not
answered well they send again, with the same id.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from harness.web.doors.hooks import Hooks
from sidecar.store.schema import events
from tests.bench.engine.figure import Figure, Goal
from tests.bench.engine.process import processor_seconds
from tests.bench.engine.stage import Stage, tell
from tests.support.live_sidecar import LiveSidecar
from tests.support.signing import signed
from tests.support.web_process import WebProcess

CONNECTIONS = 64
AGAIN_AFTER = 0.2  # seconds
GIVE_UP_AFTER = 120.0  # seconds
NAME = "measured"
BODY = b'{"order": "A7", "amount": 12.5, "lines": [{"sku": "x", "count": 2}, {"sku": "y", "count": 1}]}'


@dataclass
class Sent:
    acknowledged: dict[str, float] = field(default_factory=dict)  # id → milliseconds since it was due
    tries: int = 0
    refused: Counter[int] = field(default_factory=Counter)  # by status; 0: no answer
    seconds: float = 0.0


def measure(stage: Stage) -> list[Figure]:
    count, rate = stage.size(10_000, 200), stage.size(500, 100)
    with stage.sidecar() as sidecar, WebProcess(sidecar) as web:
        key = Hooks(sidecar.client.settings.store).add(NAME, "standard").keys[0].value
        asyncio.run(send(web.port, key, [f"warm {number}" for number in range(50)], rate))
        used = [processor_seconds(pid) for pid in (web.pid, sidecar.pid)]
        tell(f"webhooks: {count:,} at {rate} a second")
        quiet = asyncio.run(send(web.port, key, [f"quiet {number}" for number in range(count)], rate))
        used = [processor_seconds(pid) - before for pid, before in zip((web.pid, sidecar.pid), used, strict=True)]
        tell("webhooks: and with both processes killed")
        struck = with_kills(sidecar, web, key, [f"struck {number}" for number in range(count)], rate)
        lost, twice = check(sidecar, [*quiet.acknowledged, *struck.acknowledged])
    at_once = f"{count:,} webhooks at {rate} a second"
    return [
        Figure(f"{at_once}: taken", "1/s", [count / quiet.seconds], goal=Goal("at least", rate * 0.95)),
        Figure(f"{at_once}: answered after", "ms", list(quiet.acknowledged.values())),
        Figure("of that, the pages' process", "% of a core", [used[0] / quiet.seconds * 100]),
        Figure("and the sidecar", "% of a core", [used[1] / quiet.seconds * 100]),
        Figure(f"{at_once}, both killed: sent again", "", [struck.tries - count]),
        Figure("acknowledged, and not stored", "", [lost], goal=Goal("at most", 0)),
        Figure("stored more than once", "", [twice], goal=Goal("at most", 0)),
    ]


def with_kills(sidecar: LiveSidecar, web: WebProcess, key: str, ids: Sequence[str], rate: float) -> Sent:
    """The sidecar is killed after a third of them, the pages' process after two thirds; each is started again."""

    def strike(sidecar_or_web: LiveSidecar | WebProcess) -> None:
        sidecar_or_web.kill()
        sidecar_or_web.start()

    whole = len(ids) / rate
    kills = [(whole / 3, lambda: strike(sidecar)), (whole * 2 / 3, lambda: strike(web))]
    return asyncio.run(send(web.port, key, ids, rate, kills))


def check(sidecar: LiveSidecar, acknowledged: Sequence[str]) -> tuple[int, int]:
    """How many of these are not in the store, and how many are there more than once."""
    stored = Counter(row.id for row in sidecar.query(sa.select(events.c.id).where(events.c.name == f"hook.{NAME}")))
    return sum(id_ not in stored for id_ in acknowledged), sum(stored[id_] > 1 for id_ in acknowledged)


async def send(
    port: int,
    key: str,
    ids: Sequence[str],
    rate: float,
    kills: Sequence[tuple[float, Callable[[], object]]] = (),
) -> Sent:
    """Each at its time, over a few connections, until it is acknowledged."""
    sent = Sent()
    began = time.perf_counter() + 0.1
    due: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
    for number, id_ in enumerate(ids):
        due.put_nowait((began + number / rate, id_))
    striking = [asyncio.create_task(_strike(began + after, kill)) for after, kill in kills]
    await asyncio.gather(*(_sender(port, key, due, sent) for _ in range(CONNECTIONS)))
    sent.seconds = time.perf_counter() - began
    await asyncio.gather(*striking)
    return sent


async def _strike(at: float, kill: Callable[[], object]) -> None:
    await asyncio.sleep(max(0.0, at - time.perf_counter()))
    await asyncio.to_thread(kill)


async def _sender(port: int, key: str, due: asyncio.Queue[tuple[float, str]], sent: Sent) -> None:
    connection = None
    while not due.empty():
        at, id_ = due.get_nowait()
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        while id_ not in sent.acknowledged:
            sent.tries += 1
            status = 0
            with suppress(OSError, asyncio.IncompleteReadError, ValueError):
                connection = connection or await asyncio.open_connection("127.0.0.1", port)
                status = await _post(*connection, _request(key, id_))
            if status // 100 == 2:
                sent.acknowledged[id_] = (time.perf_counter() - at) * 1000
                break
            sent.refused[status] += 1
            if time.perf_counter() - at > GIVE_UP_AFTER:
                raise TimeoutError(f"{id_} was not acknowledged within {GIVE_UP_AFTER:g} s: {sent.refused}")
            if status == 0 and connection:
                connection[1].close()
                connection = None
            await asyncio.sleep(AGAIN_AFTER)
    if connection:
        connection[1].close()


def _request(key: str, id_: str) -> bytes:
    headers = signed(key, BODY.decode(), id_=id_) | {
        "host": "hooks.example.com",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
    }
    lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    return f"POST /hooks/{NAME} HTTP/1.1\r\n{lines}\r\n".encode() + BODY


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next((line for line in head.splitlines() if line.startswith("content-length:")), "content-length: 0")
    await reader.readexactly(int(length.partition(":")[2]))
    return int(head.split(" ", 2)[1])
