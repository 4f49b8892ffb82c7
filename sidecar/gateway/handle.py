"""The sidecar's handle on the gateway: starts the process when it is first needed, and again when it died."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from sidecar.gateway.child import Child, OnEvent
from sidecar.gateway.errors import GatewayDied, ModelNotConfigured
from sidecar.gateway.requests import HttpRequest, Kind, ModelRequest, NoticeRequest, RedactRequest, Request, parse
from sidecar.gateway.settings import GatewaySettings
from skills.wire import Json

NOTICE_WITHIN = 120.0  # seconds: several requests of at most 30 s
REDACT_WITHIN = 30.0  # seconds


class Gateway:
    """Performs effects. Safe to call from several threads; each call blocks its own.

    The caller checks that a step is open, and records request and reply. `close` ends the process; should the
    sidecar die without it, the process ends by itself.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._starting = threading.Lock()
        self._child: Child | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The gateway process's id, while there is one."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def warm_up(self) -> None:
        """Start the process and let it import the model's client, which takes seconds, ahead of the first call."""
        self._running().warm_up()

    def effect(
        self,
        kind: Kind,
        request: Json,
        *,
        on_event: OnEvent | None = None,
        abort: threading.Event | None = None,
        before_try: Callable[[], None] = lambda: None,
    ) -> dict[str, Json]:
        """Perform one effect and return its reply; README.md has the shapes. Raises EffectFailed.

        `on_event` hears in this thread what happens meanwhile (text, tool, retry). Setting `abort` ends the call
        with Aborted. `before_try` is called before each try that may be billed; what it raises ends the call. When
        the process dies in mid-call, a model call or a GET is made once more, which `tries` in the reply shows;
        anything else fails with GatewayDied, since it may have been performed.
        """
        wanted = parse(kind, request)
        self._require_model(wanted)
        tries: list[Json] = []
        paid = False
        while True:
            child = self._running()
            if not paid:
                before_try()
            try:
                reply = child.perform(
                    wanted, within=self._bound(wanted), on_event=on_event, abort=abort, before_try=before_try
                )
            except GatewayDied as died:
                if tries or self._closed or not wanted.repeatable:
                    raise
                paid = died.unbilled
                tries.append({"at": datetime.now(UTC).isoformat(), "error": str(died), "wait": 0.0})
                if on_event is not None:
                    on_event({"type": "retry", "error": str(died), "wait": 0.0})
            else:
                later = reply.get("tries")
                return reply | {"tries": tries + (later if isinstance(later, list) else [])}

    def redact(self, value: Json) -> Json:
        """The same with names in the place of secrets, in every text of it. Raises EffectFailed."""
        return self.effect("redact", {"value": value})["value"] if self._settings.knows_secrets else value

    def close(self) -> None:
        """End the process. Calls that are under way fail with GatewayDied, and so do all later ones."""
        with self._starting:
            self._closed = True
            if self._child is not None:
                self._child.kill()
                self._child = None

    def _running(self) -> Child:
        with self._starting:
            if self._closed:
                raise GatewayDied("The gateway is closed, since the sidecar is stopping. Start it again: tend up.")
            if self._child is None or not self._child.alive:
                self._child = Child(self._settings)
            return self._child

    def _require_model(self, request: Request) -> None:
        if not isinstance(request, ModelRequest):
            return
        if not self._settings.api_key and not self._settings.base_url:
            raise ModelNotConfigured(
                "No model can be called: there is no key and no server. Set TEND_ANTHROPIC_API_KEY (or "
                "ANTHROPIC_API_KEY), or TEND_BASE_URL for another server that speaks the Messages protocol."
            )
        if not self._settings.models.get(request.purpose):
            raise ModelNotConfigured(
                f"No model is named for {request.purpose!r}. Set TEND_MODEL_{request.purpose.upper()}."
            )

    def _bound(self, request: Request) -> float:
        match request:
            case HttpRequest():
                return request.timeout
            case NoticeRequest():
                return NOTICE_WITHIN
            case RedactRequest():
                return REDACT_WITHIN
            case ModelRequest():
                return self._settings.patience.total
