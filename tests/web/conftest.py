"""A live sidecar with a skill that has run, the real pages over it, and a browser's session."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx2
import pytest
import uvicorn

from harness.web.access import Access
from harness.web.app import application
from harness.web.place import place_of
from tests.support.live_sidecar import LiveSidecar
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

GREETER = '''"""Greet <b>everybody</b>."""

from datetime import timedelta

from skills import Run, skill, step


@step()
def greet(name: str) -> str:
    if name == "nobody":
        raise ValueError("<script>alert(1)</script>")
    return f"Hello, {name}"


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def shout(name: str) -> str:
    return name.upper()


@skill()
def greeter(run: Run, name: str) -> str:
    said = run.step(greet, name)
    shouted = run.step_if_approved(f"Shout {name}?", shout, name)
    return shouted.result or said if shouted else said
'''


@dataclass(frozen=True)
class Web:
    sidecar: LiveSidecar
    access: Access
    port: int
    cookie: str

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, **headers: str) -> httpx2.Client:
        """With a session, as a page of ours would ask."""
        session = self.access.enter(self.access.new_ticket())
        return httpx2.Client(base_url=self.base, headers={"cookie": f"{self.cookie}={session}", **headers}, timeout=30)

    def stranger(self, **headers: str) -> httpx2.Client:
        return httpx2.Client(base_url=self.base, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def model() -> Iterator[TalkingModel]:
    with TalkingModel() as model:
        yield model


@contextmanager
def served(sidecar: LiveSidecar) -> Iterator[Web]:
    """The pages of a sidecar that is up."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        settings = replace(sidecar.client.settings, web_port=port)
        app = application(settings, place_of(settings))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_until(lambda: server.started, "the pages are served")
        try:
            yield Web(sidecar, Access(settings.store), port, f"tend_{port}")
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, model: TalkingModel) -> Iterator[Web]:
    with LiveSidecar(tmp_path_factory.mktemp("web"), base_url=model.base_url) as sidecar:
        sidecar.put("greeter", GREETER)
        with served(sidecar) as web:
            yield web


@pytest.fixture(scope="module")
def failed_run(web: Web) -> str:
    run = web.sidecar.run("greeter", "nobody")
    assert run.run.state == "failed"
    return run.run.id
