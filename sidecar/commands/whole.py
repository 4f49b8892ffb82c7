"""Commands about the whole: how it stands, and what is wrong with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.backup import make_backup
from sidecar.budget.budget import Budget
from sidecar.budget.report import spent_today
from sidecar.caller import TEND, Caller
from sidecar.client import views
from sidecar.client.settings import Settings
from sidecar.clock import Clock, moment
from sidecar.commands.review import open_proposals
from sidecar.commands.show import open_approvals, run_views, stop_view
from sidecar.commands.skill_views import SkillViews
from sidecar.commands.table import command
from sidecar.execution.workers import Workers
from sidecar.gateway import Gateway
from sidecar.hosts.identity import identify
from sidecar.hosts.show import host_views
from sidecar.isolation.tiers import TIERS, reached
from sidecar.journal.stops import EVERYTHING, all_stops, told, way_on
from sidecar.notices.health import notice_health, target_health
from sidecar.notices.targets import secrets_of
from sidecar.registry import record_audit
from sidecar.secret_folder import names_in
from sidecar.store import Row, Store, StoreError
from sidecar.store.schema import budget_waits, runs

SHOWN = 5
VERSION = version("tend-harness")  # the package's description is read for it, which takes milliseconds
FOR_PROGRAMS = "They take the tier 'locked', namespaces, and a workspace that lies apart from programs."
SPACE_WANTED = 100 * 1024 * 1024  # bytes


class WholeCommands:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        skills: SkillViews,
        workers: Workers,
        gateway: Gateway,
        budget: Budget,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self.in_force = settings  # those of the host that leads, where that is another one
        self.unlike: list[str] = []  # which of them this host would lead by otherwise
        self._skills = skills
        self._workers = workers
        self._gateway = gateway
        self._budget = budget
        self._started = clock.now()
        self._me = identify(settings.store, settings.host_name).id

    @command("status")
    def status(self, caller: Caller) -> views.Status:  # noqa: ARG002 # every command is given its caller
        degraded = self._degraded()
        now = self._clock.now()
        midnight = _midnight(now, self.in_force.zone)

        def read(connection: Connection) -> views.Status:
            running, waiting = _in_state(connection, "running", "queued"), _in_state(connection, "waiting")
            shown = {run.id: run for run in run_views(connection, [*running, *waiting])}
            counts = connection.execute(_counts(midnight)).one()
            return views.Status(
                version=VERSION,
                pid=os.getpid(),
                workspace=str(self._settings.workspace),
                zone=self.in_force.zone,
                started_at=moment(self._started),
                **vars(self._skills.tally(connection, SHOWN)),
                running=tuple(shown[run.id] for run in running),
                waiting=tuple(shown[run.id] for run in waiting),
                failed_today=counts.failed,
                approvals=tuple(open_approvals(connection, now)),
                proposals=tuple(open_proposals(connection)),
                model=None if self._settings.model_missing else self._settings.model_write,
                model_missing=self._settings.model_missing,
                spent_today=spent_today(connection, self._budget.configured, self._budget.today),
                waiting_for_budget=counts.at_a_cap,
                degraded=degraded,
                tier=reached().tier,
                tier_because=reached().because,
                stopped=_stopped(connection),
                hosts=host_views(connection, self._me, now) if self._settings.database_url else (),
            )

        return self._store.read(read)

    @command("backup", files=True)
    def backup(self, caller: Caller, file: str) -> views.Backup:
        now = self._clock.now()
        made = make_backup(self._store, self._settings, Path(file), moment(now))
        self._store.write(lambda connection: record_audit(connection, now, caller.who, "backup", made.path))
        return made

    @command("doctor")
    def doctor(self, caller: Caller, whole: bool = True) -> list[views.Health]:  # noqa: ARG002 # every command is given its caller
        free = shutil.disk_usage(self._settings.store).free
        return [
            views.Health(name="sidecar", state="ok", detail=f"runs as process {os.getpid()}"),
            self._workers_health(),
            self._isolation_health(),
            self._store_health(whole=whole),
            views.Health(
                name="disk",
                state="ok" if free > SPACE_WANTED else "error",
                detail=f"{free // 1024**2:,} MiB free beside the store",
                fix="" if free > SPACE_WANTED else "Free some space: nothing is acknowledged that is not on disk.",
            ),
            self._model_health(),
            self._rules_health(),
            *self._settings_health(),
            *self._stop_health(),
            target_health(self._settings, names_in(self._settings.secrets) | secrets_of(self._settings.targets).keys()),
            *self._store.read(lambda connection: list(notice_health(connection, self._clock.now()))),
        ]

    def _stop_health(self) -> list[views.Health]:
        stops = self._store.read(all_stops).values()
        return [views.Health(name="stop", state="warning", detail=told(stop), fix=way_on(stop.skill)) for stop in stops]

    def _rules_health(self) -> views.Health:
        changed = [f"{what} {need}" for what, need in self.in_force.approvals.items()]
        needs = ", ".join([*changed, "the rest by default"]) if changed else "a yes is needed as by default"
        lists = [f"{skill}: {', '.join(names)}" for skill, names in self.in_force.approvers.items()]
        whose = f"answered by {'; '.join(lists)}" if lists else "whoever reaches the socket may answer"
        return views.Health(name="approvals", state="ok", detail=f"{needs}; {whose}")

    def _settings_health(self) -> list[views.Health]:
        if not self.unlike:
            return []
        detail = f"those of the host that leads hold here; this one would lead by others: {', '.join(self.unlike)}"
        fix = "Set them alike on all hosts that may lead (tend.toml, TEND_…), and start this one again."
        return [views.Health(name="settings", state="warning", detail=detail, fix=fix)]

    def _workers_health(self) -> views.Health:
        pid = self._workers.pid
        if pid is None:
            return views.Health(name="workers", state="error", detail="the zygote is not running", fix="tend up")
        return views.Health(name="workers", state="ok", detail=f"forked from process {pid}")

    def _isolation_health(self) -> views.Health:
        here, least = reached(), self.in_force.least_tier
        if here.is_less_than(least):
            detail = f"{here.words}; the setting least_tier asks for {least}, so no skill runs"
            fix = f"Run it on Linux 6.2 or later, with Landlock; or accept less: least_tier = {here.tier!r}"
            return views.Health(name="isolation", state="error", detail=detail, fix=fix)
        if obstacle := self._workers.no_boxes:
            detail = f"{here.words}; skills that run programs do not run: {obstacle}"
            return views.Health(name="isolation", state="warning", detail=detail, fix=FOR_PROGRAMS)
        strongest = not here.is_less_than(TIERS[-1])
        fix = "" if strongest else "Linux 6.2 or later, with Landlock, locks workers in."
        return views.Health(name="isolation", state="ok" if strongest else "warning", detail=here.words, fix=fix)

    def _degraded(self) -> str | None:
        """Why the store takes no changes. Whoever asks after one has failed tries again: with a change that says so."""
        trouble = self._store.trouble
        if trouble is not None:
            why, now = f"it takes changes again. Before: {trouble}", self._clock.now()
            with suppress(StoreError):
                self._store.write(lambda connection: record_audit(connection, now, TEND, "recover", "store", why))
        return self._store.trouble

    def _store_health(self, *, whole: bool) -> views.Health:
        if degraded := self._degraded():
            fix = "Free space on its disk, or mend it: until then nothing is acknowledged; then it goes on by itself."
            return views.Health(name="store", state="error", detail=f"it takes no changes: {degraded}", fix=fix)
        detail = self._store.database.describe()
        if not whole:
            return views.Health(name="store", state="ok", detail=f"{detail}; for damage: tend doctor")
        if problem := self._store.database.problem():
            fix = f"The file is damaged ({problem}). Stop the sidecar and go back to a copy."
            return views.Health(name="store", state="error", detail=detail, fix=fix)
        return views.Health(name="store", state="ok", detail=detail)

    def _model_health(self) -> views.Health:
        if missing := self._settings.model_missing:
            fix = f"Set {missing}; everything but the model works without."
            return views.Health(name="model", state="warning", detail="not configured", fix=fix)
        where = self._settings.base_url or "Anthropic"
        gateway = f"gateway is process {self._gateway.pid}" if self._gateway.pid else "gateway starts at the first call"
        return views.Health(name="model", state="ok", detail=f"{self._settings.model_write} at {where}; {gateway}")


def _counts(midnight: float) -> sa.Select[*tuple[Any, ...]]:
    """How many runs have failed since then, and how many wait for room under a cap."""
    failed = (runs.c.state == "failed", ~runs.c.rehearsal, runs.c.ended_at >= midnight)
    return sa.select(
        sa.select(sa.func.count()).where(*failed).select_from(runs).scalar_subquery().label("failed"),
        sa.select(sa.func.count(sa.distinct(budget_waits.c.run))).scalar_subquery().label("at_a_cap"),
    )


def _stopped(connection: Connection) -> views.Stop | None:
    stop = all_stops(connection).get(EVERYTHING)
    return stop_view(stop) if stop else None


def _in_state(connection: Connection, *states: str) -> Sequence[Row]:
    """The newest of them: found by their state, of which there are few. (By the order itself, which PostgreSQL prefers
    where it is given, all runs that are over would be looked through.)"""
    newest = (runs.c.seq + 0).desc()
    return connection.execute(sa.select(runs).where(runs.c.state.in_(states)).order_by(newest).limit(20)).all()


def _midnight(now: float, zone: str) -> float:
    here = datetime.fromtimestamp(now, ZoneInfo(zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
