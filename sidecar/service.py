"""The sidecar as a whole: its parts, in the order in which data passes through them, started and stopped."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import sqlalchemy as sa

from sidecar.approvals import Approvals, Rules
from sidecar.approvals.expiry import Expiry
from sidecar.budget.budget import Budget
from sidecar.budget.watch import BudgetWatch
from sidecar.card.cards import Cards
from sidecar.checker.process import CheckerProcess
from sidecar.checker.warm_checks import WarmChecks
from sidecar.client.settings import Settings, SettingsError
from sidecar.clock import SystemClock
from sidecar.commands import CommandTable
from sidecar.commands.approvals import ApprovalCommands
from sidecar.commands.audit import AuditCommands
from sidecar.commands.chat import ChatCommands
from sidecar.commands.cost import CostCommands
from sidecar.commands.events import EventCommands
from sidecar.commands.grants import GrantCommands
from sidecar.commands.last_day import LastDayCommands
from sidecar.commands.look import LookCommands
from sidecar.commands.many_runs import ManyRunsCommands
from sidecar.commands.memory import MemoryCommands
from sidecar.commands.notices import NoticeCommands
from sidecar.commands.rerun import RerunCommands
from sidecar.commands.review import ReviewCommands
from sidecar.commands.runs import RunCommands
from sidecar.commands.secrets import SecretCommands
from sidecar.commands.skill_views import SkillViews
from sidecar.commands.skills import SkillCommands
from sidecar.commands.stop import StopCommands
from sidecar.commands.whole import WholeCommands
from sidecar.commands.why import WhyCommands
from sidecar.commands.workspace_files import WorkspaceFileCommands
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.dispatch.local import LocalDispatcher
from sidecar.execution.attempt import AttemptRunner
from sidecar.execution.effects import Effects
from sidecar.execution.requests import Requests
from sidecar.execution.workers import Workers
from sidecar.gate import Gate
from sidecar.gateway import Gateway, GatewaySettings
from sidecar.hosts.adopt import adopt
from sidecar.hosts.anew import end_at_once, start_anew
from sidecar.hosts.clock import SharedClock
from sidecar.hosts.identity import identify
from sidecar.hosts.in_force import InForce, unlike
from sidecar.journal.runs import FINAL, give_up_orphans
from sidecar.lock import take_lock
from sidecar.memory import Memory
from sidecar.moments import Moments
from sidecar.notices.couriers import Couriers
from sidecar.notices.dead_man import DeadMan
from sidecar.notices.targets import secrets_of
from sidecar.quarantine.breaker import Policy
from sidecar.quarantine.settle import Quarantine
from sidecar.registry import Registry
from sidecar.retention import Retention
from sidecar.server import application, serve
from sidecar.settings_audit import record_settings
from sidecar.shipped import register_shipped
from sidecar.store import Store, StoreError
from sidecar.store.schema import runs
from sidecar.triggers.watch import Triggers
from sidecar.waiting import Decisions
from sidecar.watcher import Watcher

log = logging.getLogger(__name__)


class Part(Protocol):
    """Of the sidecar; does its work between the two."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Sidecar:
    """Everything that runs in the sidecar's process. `run` serves until it is told to stop."""

    def __init__(self, settings: Settings, *, may_lead: bool = True, again: bool = False) -> None:
        """`again`: it has lost its database before, and does not give up where that happens again."""
        self._settings = settings
        self._may_lead = may_lead
        self._again = again
        if not may_lead and settings.database_url is None:
            raise SettingsError("a worker shares a database with others: set TEND_DATABASE_URL=postgresql://…")
        _make_workspace(settings)
        self._lock = take_lock(settings.store)
        clock = self._clock = SharedClock() if settings.database_url else SystemClock()
        store = self._store = self._open_store()
        moments = self._moments = Moments()
        registry = self._registry = Registry(store, clock)
        self._warm = WarmChecks(settings.store / "check")
        self._checker = CheckerProcess(settings.store / "check", reader=self._warm.reader, types=self._warm.types)
        self._gateway = Gateway(gateway_settings(settings))
        private = (settings.workspace, settings.store, *(folder.path for folder in settings.secrets))
        self._workers = Workers(settings.store / "workers.lock", settings.store / "scratch", private)
        budget = self._budget = Budget(store, clock, settings)
        rules = self._rules = Rules(settings.approvals, settings.approvers)
        effects = Effects(store, clock, self._gateway, moments, settings.workspace, self._workers, budget, rules)
        commands = CommandTable(lambda: self._leads, self._gateway.redact)
        approvals = Approvals(clock, rules)
        self._expiry = Expiry(store, clock, approvals, moments, lambda: self._dispatcher.nudge())
        requests = Requests(
            store, clock, registry, moments, commands, approvals, rules, lambda: self._dispatcher.nudge(), budget
        )
        runner = self._runner = AttemptRunner(
            store, clock, registry, self._workers, effects, requests, moments, settings.zone, settings.least_tier
        )
        policy = Policy(settings.breaker_failures, settings.breaker_cool_down)
        quarantine = self._quarantine = Quarantine(store, clock, moments, policy)
        self._in_force = InForce(settings, self._go_by)
        self._leading = ExitStack()
        self._leads = False
        self._give_up: Callable[[], None] = lambda: None  # the lead, after all that is done with it has ended
        self._dispatcher: Dispatcher
        if isinstance(clock, SharedClock):
            self._dispatcher, self._hosts = self._among_others(clock, runner, quarantine)
        else:
            self._dispatcher = LocalDispatcher(store, clock, runner, quarantine, settings.workers)
            self._hosts = ()
        self._triggers = Triggers(store, registry, clock, settings.zone, self._dispatcher.nudge)
        self._gate = Gate(settings.workspace, store, registry, self._checker, moments, self._triggers.refresh)
        self._budget_watch = BudgetWatch(budget, runner.readable_manifest, self._dispatcher.nudge)
        self._couriers = Couriers(settings, store, clock, self._gateway, moments)
        approvals.on_answer("budget", self._budget_watch.answered)
        self._decisions = Decisions(store, clock, self._gate.approved)
        approvals.on_answer("version", self._decisions.answered)
        self._dead_man = DeadMan(store, clock, moments)
        self._retention = Retention(store, clock, settings.keep_runs_days)
        self._watcher = Watcher(settings.workspace, self._gate.changed, self._unmounted)
        memory = Memory(settings.workspace)
        cards = self._cards = Cards(store, settings.zone, settings.model_ask, settings.secrets)
        shown = SkillViews(store, clock, registry, self._triggers)
        skills = SkillCommands(
            store, clock, registry, self._gate, self._triggers, self._dispatcher, moments, cards, shown
        )
        run_commands = RunCommands(store, clock, self._dispatcher, moments)
        reruns = RerunCommands(store, clock, registry, self._dispatcher, run_commands)
        self._whole = WholeCommands(store, clock, settings, shown, self._workers, self._gateway, budget)
        self._commands = commands  # runs give commands, and commands start runs: filled when both exist
        for part in (
            skills,
            WhyCommands(store, clock, registry, self._triggers, shown),
            run_commands,
            LastDayCommands(store, clock),
            ApprovalCommands(store, clock, approvals, rules, self._dispatcher, moments),
            GrantCommands(store, clock, registry, rules),
            NoticeCommands(store, clock, moments),
            reruns,
            ManyRunsCommands(store, clock, self._dispatcher, reruns),
            AuditCommands(store),
            StopCommands(store, clock, registry, self._dispatcher, moments),
            EventCommands(store, clock, self._dispatcher),
            ChatCommands(store, clock, registry, approvals, self._dispatcher, skills, memory, settings.zone),
            MemoryCommands(memory, clock, settings.zone),
            WorkspaceFileCommands(settings.workspace),
            LookCommands(self._gateway),
            SecretCommands(store, clock, registry, settings),
            CostCommands(budget, run_commands, self._budget_watch.look),
            ReviewCommands(store, clock, self._gate, skills, moments, auto=settings.review == "auto"),
            self._whole,
        ):
            commands.add(part)

    def run(self) -> None:
        """Serve until told to stop. What was started is stopped in turn, the last first."""
        with ExitStack() as started:
            started.callback(os.close, self._lock)
            started.callback(self._store.close)
            started.callback(self._gateway.close)
            self._start_all(started)
            app = application(self._commands, self._moments, self._is_over)
            serve(app, self._settings, self._moments)

    def _open_store(self) -> Store:
        """Whoever waits for the database makes another Sidecar in this process: the lock is free for that one."""
        try:
            return Store(self._settings.database)
        except StoreError:
            os.close(self._lock)
            raise

    def _among_others(
        self, clock: SharedClock, runner: AttemptRunner, quarantine: Quarantine
    ) -> tuple[Dispatcher, tuple[Part, ...]]:
        """One host of many: which of them executes a run, and which one leads, is settled in the database."""
        from sidecar.dispatch.procrastinate import ProcrastinateDispatcher  # its engine is an extra
        from sidecar.dispatch.queue import LEADER
        from sidecar.hosts.membership import Membership
        from sidecar.hosts.relay import Relay

        address, me = self._settings.database_url or "", identify(self._settings.store, self._settings.host_name)
        dispatcher = ProcrastinateDispatcher(
            self._store, clock, runner, quarantine, self._settings.workers, address, me.name, on_lost=self._lost
        )

        self._store.read(clock.ask)

        def lead() -> None:
            self._in_force.lead(self._store, clock.now())
            self._lead()
            dispatcher.queue.fetch(LEADER)

        membership = Membership(
            address,
            me,
            clock,
            dispatcher.queue,
            may_lead=self._may_lead,
            follow=self._in_force.follow,
            adopt=lambda: adopt(self._settings.workspace, self._registry),
            lead=lead,
            tend=dispatcher.rescue,
            lost=self._lost,
        )
        self._give_up = membership.give_up
        return dispatcher, (membership, Relay(address, me.id, self._moments))

    def _go_by(self, settings: Settings) -> None:
        """The settings that hold from here on, where many hosts share them."""
        self._rules.needs, self._rules.approvers = settings.approvals, settings.approvers
        self._budget.go_by(settings)
        self._runner.zone, self._runner.least_tier = settings.zone, settings.least_tier
        self._quarantine.policy = Policy(settings.breaker_failures, settings.breaker_cool_down)
        self._triggers.zone = self._cards.zone = settings.zone
        self._whole.in_force = settings
        self._whole.unlike = unlike(self._settings, settings) if self._may_lead else []

    def _lost(self, reason: str) -> None:
        if self._moments.closed:  # it was told to stop
            end_at_once(reason)
        start_anew(reason)

    def _start_all(self, started: ExitStack) -> None:
        try:
            self._start(started)
        except Exception as error:
            if not self._again:
                raise
            start_anew(f"starting again was broken off: {error!r}")

    def _start(self, started: ExitStack) -> None:
        started.callback(self._warm.close)
        self._warm.start()  # on a thread of its own; until it is ready, checks take longer
        started.callback(self._workers.close)
        self._workers.start()  # every worker of an earlier sidecar is dead from here on
        if self._hosts:
            self._store.read(self._in_force.follow)
        else:
            self._go_on_with_orphans()
        started.callback(self._give_up)
        self._dispatcher.start()
        started.callback(self._dispatcher.stop)
        self._expiry.looking.start()
        started.callback(self._expiry.looking.stop)
        started.callback(self._gate.stop)
        started.callback(self._leading.close)
        for part in self._hosts:
            part.start()
            started.callback(part.stop)
        if not self._hosts:
            self._lead()

    def _go_on_with_orphans(self) -> None:
        orphans = self._store.write(lambda connection: give_up_orphans(connection, self._clock.now()))
        if orphans:
            log.warning("%d runs were under way when the last sidecar ended; they go on from their journal", orphans)

    def _lead(self) -> None:
        """Watch the workspace and the clock. Of many hosts one does: what its files say that the store does not is a
        person's edit."""
        self._store.write(lambda connection: record_settings(connection, self._settings, self._clock.now()))
        register_shipped(self._registry, self._settings)
        self._gate.write_missing()
        self._leads = True
        looking = self._decisions.looking, self._dead_man.looking, self._retention.looking, self._budget_watch.looking
        for part in (self._triggers, self._watcher, self._couriers, *looking):
            part.start()
            self._leading.callback(part.stop)
        gc.freeze()  # what ten thousand skills declare: each collection held up the rest for a third of a second

    def _is_over(self, run: str) -> bool:
        row = self._store.row(sa.select(runs.c.state).where(runs.c.id == run))
        return row is not None and row.state in FINAL

    def _unmounted(self) -> None:
        log.warning("skills/ or lib/ is gone or was replaced: unmounted? No skill is retired for that.")
        self._moments.publish("skill", skill="", what="unmounted")


def gateway_settings(settings: Settings) -> GatewaySettings:
    return GatewaySettings(
        models={"write": settings.model_write, "review": settings.model_review, "ask": settings.model_ask},
        base_url=settings.base_url,
        api_key=settings.anthropic_api_key,
        secrets=settings.secrets,
        fallback_price=settings.fallback_price,
        targets=dict(settings.targets),
        target_secrets=secrets_of(settings.targets),
    )


def _make_workspace(settings: Settings) -> None:
    for folder in (settings.workspace / "skills", settings.workspace / "lib", settings.workspace / "memory"):
        folder.mkdir(parents=True, exist_ok=True)
    settings.store.mkdir(mode=0o700, exist_ok=True)
    settings.store.chmod(0o700)
