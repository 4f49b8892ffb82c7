"""`runs.rerun`: a run once more, from its beginning or from one of its steps."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.checker.manifest import PRIORITY_AT_MOST
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.runs import RunCommands
from sidecar.commands.show import run_views
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.journal.admission import PERSONS, NewRun, Skipped, create, new_run
from sidecar.journal.copied import copy_steps, names_of_steps, trigger_of_rerun
from sidecar.journal.runs import FINAL
from sidecar.journal.stops import refuse_stopped
from sidecar.registry import Registry, record_audit
from sidecar.store import Row, Store

Which: TypeAlias = Literal["active", "same"]  # version


def create_again(connection: Connection, old: Row, new: NewRun, who: str, now: float) -> str:
    """Create the rerun, on record. Raises CommandRefused where its skill has no room for it."""
    refuse_stopped(connection, old.skill)
    try:
        made = create(connection, new, now)
    except Skipped as no_room:
        raise CommandRefused("skipped", f"{old.skill} was not started: {no_room}") from no_room
    record_audit(connection, now, who, "rerun", f"run {old.id}", f"run {made}", skill=old.skill)
    return made


class RerunCommands:
    def __init__(
        self, store: Store, clock: Clock, registry: Registry, dispatcher: Dispatcher, found: RunCommands
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._dispatcher = dispatcher
        self._runs = found

    @command("runs.rerun", stores=True)
    def rerun(
        self,
        caller: Caller,
        run: str,
        from_step: str | None = None,
        input: JsonValue = None,  # noqa: A002 # its name
        version: Which = "active",
    ) -> views.Run:
        """A new run with the input of `run`, unless another is given. With `from_step` it begins with what `run`
        remembered before that step; code that comes to other steps than those is stopped as a replay mismatch."""
        old, now = self._runs.find(run), self._clock.now()
        new = self.prepared(old, version, input_=input, from_step=from_step, priority=PERSONS)

        def change(connection: Connection) -> str:
            made = create_again(connection, old, new, caller.who, now)
            if from_step:
                copy_steps(connection, old.id, made, from_step)
            return made

        made = self._runs.find(self._store.write(change))
        self._dispatcher.nudge()
        return self._store.read(lambda connection: run_views(connection, [made])[0])

    def prepared(
        self,
        old: Row,
        version: Which,
        *,
        input_: JsonValue = None,
        from_step: str | None = None,
        priority: int = -PRIORITY_AT_MOST,
    ) -> NewRun:
        """What a rerun would create. Raises CommandRefused where the run cannot be run again."""
        self._refuse_what_is_no_run_of_a_skill(old)
        self._refuse_unknown_step(old, from_step)
        chosen = self._version(old, version)
        manifest = self._registry.manifest(chosen)
        assert manifest is not None, chosen  # noqa: S101 # it passed its check
        return new_run(
            old.skill,
            chosen,
            manifest,
            priority=priority,
            trigger=trigger_of_rerun(old.id, from_step),
            input=old.input if input_ is None else input_,
            rehearsal=old.rehearsal,
            concurrency_key=old.concurrency_key,
        )

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

    def _version(self, old: Row, which: Which) -> str:
        if which == "same":
            return str(old.version)
        active = self._registry.active(old.skill)
        if active is None:
            raise CommandRefused(
                "not_live", f"{old.skill} is not live any more; rerun it as it was with: --version same"
            )
        return active.version
