"""`runs.rerun`: a run once more, from its beginning or from one of its steps."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.runs import RunCommands
from sidecar.commands.show import run_views
from sidecar.commands.table import command
from sidecar.dispatcher import Dispatcher
from sidecar.journal.copied import copy_steps, names_of_steps
from sidecar.journal.runs import FINAL, NewRun, create
from sidecar.registry import Registry, record_audit
from sidecar.store import Row, Store


class RerunCommands:
    def __init__(
        self, store: Store, clock: Clock, registry: Registry, dispatcher: Dispatcher, found: RunCommands
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._dispatcher = dispatcher
        self._runs = found

    @command("runs.rerun")
    def rerun(
        self,
        caller: Caller,
        run: str,
        from_step: str | None = None,
        input: JsonValue = None,  # noqa: A002 # its name
        version: Literal["active", "same"] = "active",
    ) -> views.Run:
        """A new run with the input of `run`, unless another is given. With `from_step` it begins with what `run`
        remembered before that step; code that comes to other steps than those is stopped as a replay mismatch."""
        old, now = self._runs.find(run), self._clock.now()
        self._refuse_what_is_no_run_of_a_skill(old)
        self._refuse_unknown_step(old, from_step)
        new = NewRun(
            skill=old.skill,
            version=self._version(old, version),
            trigger=f"rerun of {old.id}{f' from {from_step}' if from_step else ''}",
            input=old.input if input is None else input,
            rehearsal=old.rehearsal,
            concurrency_key=old.concurrency_key,
            concurrency=old.concurrency,
        )

        def change(connection: Connection) -> str:
            made = create(connection, new, now)
            if from_step:
                copy_steps(connection, old.id, made, from_step)
            record_audit(connection, now, caller.who, "rerun", f"run {old.id}", f"run {made}")
            return made

        made = self._runs.find(self._store.write(change))
        self._dispatcher.nudge()
        return self._store.read(lambda connection: run_views(connection, [made])[0])

    def _refuse_what_is_no_run_of_a_skill(self, old: Row) -> None:
        if old.state not in FINAL:
            raise CommandRefused(
                "under_way", f"run {old.id} is {old.state}; cancel it first: tend runs cancel {old.id}"
            )
        if old.trigger == "on_failure":
            raise CommandRefused(
                "not_allowed",
                f"run {old.id} told of a failure; rerun the one that failed: tend runs rerun {old.parent}",
            )
        if self._registry.code(old.version).import_from is not None:
            raise CommandRefused("not_allowed", f"{old.skill} ships with Tend; say it again in the chat")

    def _refuse_unknown_step(self, old: Row, step: str | None) -> None:
        names = self._store.read(lambda connection: names_of_steps(connection, old.id))
        if step is not None and step not in names:
            raise CommandRefused(
                "not_found", f"run {old.id} has no step {step!r}; it has: {', '.join(names) or 'none'}"
            )

    def _version(self, old: Row, which: Literal["active", "same"]) -> str:
        if which == "same":
            return str(old.version)
        active = self._registry.active(old.skill)
        if active is None:
            raise CommandRefused(
                "not_live", f"{old.skill} is not live any more; rerun it as it was with: --version same"
            )
        return active.version
