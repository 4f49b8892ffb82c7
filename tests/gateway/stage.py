"""A gateway and a scripted model that a module's tests share, since the gateway's import of the SDK takes seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.demo.scripted_model import Request, Script, ScriptedModel, Turn, in_order
from sidecar.gateway import Gateway, GatewaySettings, Patience
from skills.wire import Json

# Short enough for tests, long enough for two busy cores.
PATIENCE = Patience(attempts=4, total=20.0, idle=1.0, first_wait=0.01, longest_wait=0.05)

MODEL_REQUEST: dict[str, Json] = {
    "purpose": "write",
    "system": "Answer briefly.",
    "messages": [{"role": "user", "content": "Good morning"}],
    "max_tokens": 200,
}


class Stage:
    """`play` sets the next turns; `ask` calls the model and returns its reply; `events` is what was heard."""

    def __init__(self, patience: Patience) -> None:
        self._script: Script = in_order()
        self._seen = 0
        self.model = ScriptedModel(lambda request: self._script(request))
        self.gateway = Gateway(GatewaySettings(base_url=self.model.base_url, api_key="key", patience=patience))
        self.events: list[Any] = []
        self.paid = 0  # tries that were paid for

    def play(self, *turns: Turn) -> None:
        self._script = in_order(*turns)
        self._seen = len(self.model.requests)
        self.events = []
        self.paid = 0

    def ask(self, **changes: Json) -> dict[str, Any]:
        return self.gateway.effect("model", MODEL_REQUEST | changes, on_event=self.events.append, before_try=self._pay)

    def _pay(self) -> None:
        self.paid += 1

    @property
    def requests(self) -> list[Request]:
        """What the model was asked since `play`."""
        return self.model.requests[self._seen :]


@contextmanager
def on_stage(patience: Patience = PATIENCE) -> Iterator[Stage]:
    stage = Stage(patience)
    with stage.model:
        try:
            yield stage
        finally:
            stage.gateway.close()


def wait_until(condition: Callable[[], object], description: str, *, within: float = 15.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{description}: not within {within:g} s"
        time.sleep(0.01)
