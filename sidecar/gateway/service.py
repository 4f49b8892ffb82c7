"""The gateway process's loop: reads orders, performs each effect as a task of its own, writes what comes of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from sidecar.failpoints import failpoint
from sidecar.gateway.errors import EffectFailed
from sidecar.gateway.fetch import Fetcher
from sidecar.gateway.redact import RedactedEvents
from sidecar.gateway.requests import HttpRequest, ModelRequest, NoticeRequest, RedactRequest
from sidecar.gateway.senders import Senders
from sidecar.gateway.settings import GatewaySettings
from sidecar.gateway.vault import Vault
from sidecar.gateway.wire import (
    MAX_LINE,
    Call,
    Cancel,
    Configure,
    Happened,
    Notice,
    Order,
    Paid,
    Refused,
    Replied,
    Unpaid,
    WarmUp,
    to_line,
    to_order,
)
from skills.wire import Json

if TYPE_CHECKING:
    from sidecar.gateway.model import ModelCaller

Write = Callable[[bytes], None]
MODEL_KEY = "MODEL_KEY"  # as what the model's key is redacted


async def serve(sidecar: socket.socket) -> None:
    """Obey the sidecar until it hangs up or dies."""
    reader, writer = await asyncio.open_connection(sock=sidecar, limit=MAX_LINE)
    first = to_order(await reader.readline())
    if not isinstance(first, Configure):
        raise TypeError(f"The first order was {first.op!r}; it is to be 'configure'.")
    service = Service(first.settings, writer.write)
    while line := await reader.readline():
        service.obey(to_order(line))


class Service:
    def __init__(self, settings: GatewaySettings, write: Write) -> None:
        self._settings = settings
        self._write = write
        self._vault = Vault(settings.secrets, [*settings.target_secrets.items(), (MODEL_KEY, settings.api_key or "")])
        self._fetcher = Fetcher(self._vault)
        self._senders = Senders(settings, self._fetcher, self._vault)
        self._model: asyncio.Task[ModelCaller] | None = None
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._paid: dict[int, asyncio.Event] = {}  # of calls whose next try waits for that

    def obey(self, order: Order) -> None:
        match order:
            case Call():
                task = asyncio.create_task(self._answer(order))
                self._under_way[order.id] = task
                task.add_done_callback(lambda _: self._under_way.pop(order.id, None))
            case Paid(id=call):
                if paid := self._paid.get(call):
                    paid.set()
            case Cancel(id=call):
                if task_of_call := self._under_way.get(call):
                    task_of_call.cancel()
            case WarmUp():
                self._importing_model()
            case Configure():
                raise TypeError("'configure' is the first order, and comes once.")

    async def _answer(self, call: Call) -> None:
        kind = call.request.kind
        failpoint(f"gateway.{kind}.before")
        try:
            line = to_line(Replied(id=call.id, reply=await self._perform(call)))
        except EffectFailed as failed:
            line = self._refused(call, failed)
        except Exception as error:  # noqa: BLE001 - a mistake of ours may fail this effect, and no other
            reason = f"The gateway made a mistake during {call.request}: {error!r}. Please report it."
            line = self._refused(call, EffectFailed(reason))
        failpoint(f"gateway.{kind}.after")
        self._write(line)

    def _refused(self, call: Call, failed: EffectFailed) -> bytes:
        """A library's error may quote what was sent."""
        redacted = self._vault.redactor().text(failed.message)
        return to_line(
            Refused(id=call.id, type=failed.type, message=redacted, unbilled=failed.unbilled, spent=failed.spent)
        )

    async def _perform(self, call: Call) -> dict[str, Json]:
        match call.request:
            case HttpRequest() as request:
                return await self._fetcher.fetch(request)
            case NoticeRequest() as request:
                return (await self._senders.perform(request)).model_dump()
            case ModelRequest() as request:
                # Shielded: one caller that gives up must not stop the import for the others.
                model = await asyncio.shield(self._importing_model())
                return await self._ask(model, request, call)
            case RedactRequest(value=value):
                return {"value": self._vault.redactor().json(value)}

    async def _ask(self, model: ModelCaller, request: ModelRequest, call: Call) -> dict[str, Json]:
        """The model is told no secret, and what it says is looked through like any other reply."""
        redactor = self._vault.redactor()
        cleaned = request.model_copy(
            update={field: redactor.json(getattr(request, field)) for field in ("system", "messages", "tools")}
        )
        events = RedactedEvents(redactor, lambda event: self._tell(Happened(id=call.id, event=event)))
        reply = await model.reply(cleaned, events.tell, lambda: self._pay_again(call))
        events.end()
        return {name: redactor.json(value) for name, value in reply.items()}

    async def _pay_again(self, call: Call) -> None:
        """Have the sidecar find room in the budget for one more try."""
        paid = self._paid[call.id] = asyncio.Event()
        try:
            self._tell(Unpaid(id=call.id))
            await paid.wait()
        finally:
            del self._paid[call.id]

    def _tell(self, notice: Notice) -> None:
        self._write(to_line(notice))

    def _importing_model(self) -> asyncio.Task[ModelCaller]:
        if self._model is None:
            self._model = asyncio.create_task(asyncio.to_thread(_import_model, self._settings))
        return self._model


def _import_model(settings: GatewaySettings) -> ModelCaller:
    """In a thread: importing anthropic takes seconds, in which HTTP effects go on."""
    from sidecar.gateway.model import ModelCaller

    return ModelCaller(settings)
