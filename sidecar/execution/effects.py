"""The only way from a step to the world: policy → approval → budget → idempotency → effect → audit.

Each stage may refuse, and what comes of it is on disk before the step hears of it. A stage is a method of `Effects`;
`perform` is their order.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue, ValidationError
from sqlalchemy.engine import Connection

from sidecar.approvals import Rules
from sidecar.budget.budget import Budget, OverCap, Payment
from sidecar.budget.words import EXHAUSTED
from sidecar.client.approval_settings import Need
from sidecar.clock import Clock
from sidecar.execution.asked import Asked, Circumstances
from sidecar.execution.files import FileRefused, FileRequest, perform_file
from sidecar.execution.record import record
from sidecar.execution.shell import CommandFailed, ShellRequest, perform_shell
from sidecar.execution.step_approval import yes_to
from sidecar.execution.workers import Workers, WorkersUnavailable
from sidecar.failpoints import failpoint
from sidecar.gateway import EffectFailed, Gateway
from sidecar.grants import granted_to
from sidecar.journal.runs import check_fence
from sidecar.journal.step_row import is_irreversible
from sidecar.moments import Moments
from sidecar.store import Store
from sidecar.store.schema import effects
from skills.wire import Done, Effect, ErrorInfo, Fail, Failed, Suspend

KEY = "idempotency-key"
_STUBBED = {"http": "sent nothing by http", "files": "wrote no file", "shell": "ran no program"}
_REFUSED = (FileRefused, CommandFailed, WorkersUnavailable, OSError, UnicodeDecodeError, ValidationError)


class NeedsApproval(EffectFailed):
    """The settings want a person's yes to what a step was about to do, and it has none."""

    def __init__(self, what: str, need: Need) -> None:
        whose = "a person's yes each time" if need == "always" else "a person's yes"
        super().__init__(
            f"{what} needs {whose} here (tend approvals rules). Do it in a step with irreversible=True, by "
            "run.step_if_approved. Nothing was done"
        )


@dataclass(frozen=True)
class Effects:
    store: Store
    clock: Clock
    gateway: Gateway
    moments: Moments
    workspace: Path
    workers: Workers
    budget: Budget
    rules: Rules

    def perform(self, effect: Effect, where: Circumstances, abort: threading.Event) -> Done | Failed | Suspend:
        """Do it, or say why not; on disk either way. Suspend: its step waits for room under a cap."""
        asked = Asked(effect, where, self.clock.now())
        payment = self.budget.payment(where.segment, where.skill, effect.step, abort)
        reply: JsonValue = None
        error: ErrorInfo | None = None
        try:
            self._policy(asked)
            self._approval(asked)
            self._count(asked)
            request = self._idempotency(asked)
            reply = self._effect(asked, request, abort, payment)
        except OverCap as reached:
            if not where.is_watched:
                self.budget.hold(where.segment, effect.step, reached)
                return Suspend(reason="budget")
            error = ErrorInfo(type=EXHAUSTED, message=reached.words, retryable=False)
        except EffectFailed as refused:
            payment.unbilled, payment.spent = refused.unbilled, refused.spent
            error = ErrorInfo(type=refused.type, message=str(refused), retryable=refused.retryable)
        except _REFUSED as refused:
            passes = isinstance(refused, WorkersUnavailable)
            error = ErrorInfo(type=type(refused).__name__, message=str(refused), retryable=passes)
        self._audit(asked, reply, error, payment)
        return Failed(error=error) if error else Done(result=reply)

    def as_rehearsed(self, failed: Fail, where: Circumstances) -> Fail:
        """In a rehearsal, a step that fails after a write has gone on with a reply that was not real: that says nothing
        about its code, nor would another try."""
        if not where.rehearsal:
            return failed
        of_step = (effects.c.step == failed.step.name, effects.c.occurrence == failed.step.occurrence)
        kind = self.store.read(
            lambda connection: connection.scalar(
                sa.select(effects.c.kind)
                .where(effects.c.run == where.segment.run, *of_step, effects.c.stubbed)
                .order_by(effects.c.attempt, effects.c.n)
            )
        )
        if kind is None:
            return failed
        message = (
            f"a rehearsal goes no further in this step: it {_STUBBED[kind]}, so what it was answered was not real, and "
            f"it came to {failed.error.type}: {failed.error.message}"
        )
        error = failed.error.model_copy(update={"type": "NotRehearsed", "message": message})
        return failed.model_copy(update={"error": error, "retryable": False})

    # ------------------------------------------------------------ the stages

    def _policy(self, asked: Asked) -> None:
        """The attempt owns its run, and the step's try is on disk. What a skill has declared is checked where it is
        done: a path in files.py, a host in the gateway, once the url is parsed and again at each redirect."""
        self.store.write(lambda connection: check_fence(connection, asked.where.segment))
        failpoint("effects.perform.before")

    def _approval(self, asked: Asked) -> None:
        """An irreversible step has it, for exactly its arguments, before it opens (irreversible.py). The settings may
        want one for other effects: then they are done in such a step alone."""
        need = self.rules.need(asked.name)
        if need == "never" or asked.stubbed:
            return
        yes = self.store.row(yes_to(asked.where.segment.run, asked.effect.step))
        if yes is None or (need == "always" and yes.grant_used):
            raise NeedsApproval(asked.name, need)

    def _count(self, asked: Asked) -> None:
        """The budget of an HTTP call is a count; a model call's, beside it, money, for each of its tries. What a person
        has approved is counted, and no cap stops it."""

        def change(connection: Connection) -> None:
            run, skill = asked.where.segment.run, asked.where.skill
            approved = is_irreversible(connection, run, asked.effect.step)
            self.budget.count(connection, "http_calls", run, skill, capped=not approved)

        if asked.kind == "http" and not asked.stubbed:
            self.store.write(change)

    def _idempotency(self, asked: Asked) -> dict[str, Any]:
        """A write by http carries the same key whenever this step is tried again, so that a service which takes one
        does it once. The author's own goes before it."""
        request = asked.request
        if asked.kind != "http" or not asked.writes:
            return request
        headers = request.get("headers")
        return {**request, "headers": {KEY: _key(asked), **(headers if isinstance(headers, dict) else {})}}

    def _effect(self, asked: Asked, request: dict[str, Any], abort: threading.Event, payment: Payment) -> JsonValue:
        reply = _stub(asked) if asked.stubbed else self._do(asked, request, abort, payment)
        failpoint("effects.perform.after")
        return reply

    def _audit(self, asked: Asked, reply: JsonValue, error: ErrorInfo | None, payment: Payment) -> None:
        ended = self.clock.now()

        def change(connection: Connection) -> None:
            check_fence(connection, asked.where.segment)
            record(connection, asked, reply, error, ended)
            payment.close(connection, reply)

        self.store.write(change)
        self.budget.tell_settled()
        failpoint("effects.record.after")

    # ------------------------------------------------------------ the effect itself

    def _do(self, asked: Asked, request: dict[str, Any], abort: threading.Event, payment: Payment) -> JsonValue:
        manifest = asked.where.manifest
        match asked.effect.kind_of_effect:
            case "files":
                return perform_file(self.workspace, manifest, FileRequest.model_validate(request))
            case "http":
                return self.gateway.effect("http", {**request, **self._allowed(asked)}, abort=abort)
            case "shell":
                scratch = asked.where.scratch
                assert scratch is not None, asked  # noqa: S101 # whoever asks has a worker
                wanted = ShellRequest.model_validate(request)
                return self.gateway.redact(perform_shell(self.workers, scratch, manifest, wanted, abort))
            case "model":
                return self._ask_model(asked.where, request, abort, payment)

    def _allowed(self, asked: Asked) -> dict[str, JsonValue]:
        """Where the skill may connect, and to which of these hosts it may send which secret: asked anew for each
        request, since a grant may be revoked."""
        manifest, skill = asked.where.manifest, asked.where.skill
        granted = self.store.read(lambda connection: granted_to(connection, skill)) if manifest.secrets else {}
        grants: dict[str, JsonValue] = {name: list(granted.get(name, ())) for name in manifest.secrets}
        return {"skill": skill, "hosts": list(manifest.hosts), "grants": grants}

    def _ask_model(
        self, where: Circumstances, request: dict[str, Any], abort: threading.Event, payment: Payment
    ) -> JsonValue:
        """A skill asks as itself; only what ships with Tend may choose another purpose, or tools."""
        allowed = ("purpose", "system", "messages", "tools", "max_tokens")
        wanted = {name: request[name] for name in allowed if name in request}
        if not where.trusted:
            wanted |= {"purpose": "ask", "tools": []}

        def tell(event: JsonValue) -> None:
            if isinstance(event, dict) and where.session and event.get("type") in ("text", "retry"):
                data = {name: value for name, value in event.items() if name != "type"}
                self.moments.publish(str(event["type"]), run=where.segment.run, session=where.session, **data)

        reserve = partial(payment.reserve, wanted)
        return self.gateway.effect("model", wanted, on_event=tell, abort=abort, before_try=reserve)


def _key(asked: Asked) -> str:
    effect, run = asked.effect, asked.where.segment.run
    return hashlib.sha256(f"{run} {effect.step.name} {effect.step.occurrence} {effect.n}".encode()).hexdigest()[:32]


def _stub(asked: Asked) -> JsonValue:
    """What a rehearsal answers in place of a write."""
    if asked.kind == "files":
        return {}
    if asked.kind == "shell":
        return {"status": 0, "output": ""}
    body = base64.b64encode(b'{"rehearsal": "nothing was sent"}').decode()
    headers: dict[str, JsonValue] = {"x-tend-rehearsal": "not sent"}
    return {"status": 200, "headers": headers, "content_base64": body, "url": asked.request.get("url")}
