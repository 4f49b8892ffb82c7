"""Commands about skills: look, write, check, run, hold, go back."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, JsonValue
from sqlalchemy.engine import Connection

from sidecar.caller import Caller, CommandRefused
from sidecar.card.cards import Cards
from sidecar.checker.gather import LARGEST_FILE, gather, read_plain, with_plain_newlines
from sidecar.checker.manifest import Manifest
from sidecar.checker.names import name_problem
from sidecar.checker.report import Problem, Report, Snapshot
from sidecar.client import views
from sidecar.clock import Clock
from sidecar.commands.edits import Edit, edited
from sidecar.commands.show import entry_text, new_run_view, version_view
from sidecar.commands.skill_views import SkillViews
from sidecar.commands.table import command
from sidecar.difference import text_hash, unified
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.execution.files import write_whole
from sidecar.failpoints import failpoint
from sidecar.gate import BY_HAND, Gate, entry_of
from sidecar.journal.admission import PERSONS, Skipped, create, new_run
from sidecar.journal.runs import RUN
from sidecar.journal.stops import refuse_stopped
from sidecar.moments import Moments
from sidecar.proposals import proposed_by, put_proposal
from sidecar.quarantine.count import start_afresh
from sidecar.registry import Active, Origin, Registry, record_audit
from sidecar.rehearsing import to_rehearse, to_run
from sidecar.store import Row, Store
from sidecar.store.schema import skills
from sidecar.triggers.watch import Triggers
from sidecar.waiting import asked_about, said_no

SHORTEST_BASE = 8  # letters of a hash that name a text


class HelperVerdicts(BaseModel):
    verdicts: list[views.Verdict]
    hash: str


class SkillCommands:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: Registry,
        gate: Gate,
        triggers: Triggers,
        dispatcher: Dispatcher,
        moments: Moments,
        cards: Cards,
        shown: SkillViews,
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._cards = cards
        self._gate = gate
        self._triggers = triggers
        self._dispatcher = dispatcher
        self._moments = moments
        self._views = shown

    @property
    def _workspace(self) -> Path:
        return self._gate.workspace

    # ------------------------------------------------------------ look

    @command("skills.list", agent=True)
    def list_all(self, caller: Caller) -> list[views.Skill]:  # noqa: ARG002 # every command is given its caller
        return self._views.all()

    @command("skills.names")
    def list_names(self, caller: Caller) -> list[str]:  # noqa: ARG002
        """Of the same, in the same order."""
        return self._views.names()

    @command("skills.show", agent=True)
    def show(self, caller: Caller, name: str) -> views.SkillDetail:  # noqa: ARG002
        row = self._registry.row(name)
        active, skill = self._registry.active(name), self._views.one(name)
        return views.SkillDetail(
            skill=skill,
            manifest=active.manifest if active else None,
            path=entry_of(name),
            report=Report.model_validate(row.report) if row.report else None,
            next_times=self._views.next_times(active.manifest, skill.quarantine) if active else (),
            versions=self._versions(name, active),
            card=self._cards.card(active.manifest, active.version) if active else None,
        )

    @command("skills.read", agent=True, files=True)
    def read(self, caller: Caller, name: str, version: str | None = None) -> views.Source:
        if version:
            row = self._registry.version(name, version)
            text = self._store.read(lambda connection: entry_text(connection, row.hash))
            return self._source(name, text, row.hash)
        active = self._registry.active(name)
        if active and active.trusted:
            text = self._registry.files(active.version)[active.declared.entry].decode()
            return self._source(name, text, active.version)
        current = self._text_now(name, caller)
        if current is None:
            self._registry.row(name)
            raise self._deleted(name)
        known = self._store.row(sa.select(skills.c.report).where(skills.c.name == name))
        report = Report.model_validate(known.report) if known and known.report else None
        refused = report is not None and (active is None or report.hash != active.version)
        source = self._source(name, current, active.version if active else None)
        return source.model_copy(update={"problems": len(report.problems) if report and refused else 0})

    @command("skills.history", agent=True)
    def history(self, caller: Caller, name: str) -> list[views.Version]:  # noqa: ARG002
        self._registry.row(name)
        return list(self._versions(name, self._registry.active(name)))

    @command("skills.diff", agent=True)
    def diff(self, caller: Caller, name: str, old: str | None = None, new: str | None = None) -> views.Diff:  # noqa: ARG002
        self._registry.row(name)
        history = self._registry.history(name)
        if not history:
            raise CommandRefused("not_found", f"{name} has no version yet: no file of it could be read")
        live = [row.hash for row in history if row.state in ("active", "retired")]
        newer = self._registry.version(name, new).hash if new else (live[0] if live else history[0].hash)
        before = live[live.index(newer) + 1 :] if newer in live else live
        older = self._registry.version(name, old).hash if old else (before[0] if before else newer)
        text = self._store.read(
            lambda connection: unified(name, entry_text(connection, older), entry_text(connection, newer))
        )
        return views.Diff(skill=name, old=older, new=newer, text=text)

    # ------------------------------------------------------------ write

    @command("skills.write", agent=True, files=True)
    def write(self, caller: Caller, name: str, text: str, reason: str, base: str | None = None) -> views.Verdict:
        """`base` is the hash of the text that the change started from; None: there is no file yet."""
        return self._change(caller, name, base, reason, lambda _: text)

    @command("skills.edit", agent=True, files=True)
    def edit(self, caller: Caller, name: str, edits: list[Edit], base: str, reason: str) -> views.Verdict:
        """All edits at once, or none: the verdict is about the text after the last."""
        return self._change(caller, name, base, reason, lambda text: edited(text, edits, entry_of(name)))

    @command("skills.restore", files=True)
    def restore(self, caller: Caller, name: str, version: str) -> views.Verdict:
        row = self._registry.version(name, version)
        text = self._store.read(lambda connection: entry_text(connection, row.hash))
        current = self._text_now(name, caller)
        base = text_hash(current) if current is not None else None
        return self._change(caller, name, base, f"back to {row.hash[:8]}", lambda _: text)

    @command("skills.remove", agent=True, files=True)
    def remove(self, caller: Caller, name: str) -> None:
        self._refuse_shipped(name)
        self._refuse_other_than_revised(caller, name)
        with self._gate.turn(name):
            file = self._workspace / entry_of(name)
            if not os.path.lexists(file):
                self._registry.row(name)
            file.unlink(missing_ok=True)
            self._registry.retire(name, caller.who, f"removed by {caller.who}")
        self._triggers.refresh(name)
        self._moments.publish("skill", skill=name, what="retired")

    @command("helpers.read", agent=True, files=True)
    def read_helper(self, caller: Caller, path: str) -> views.Source:  # noqa: ARG002
        text = self._text_at(self._helper(path))
        if text is None:
            raise CommandRefused("not_found", f"there is no {path}. Write it with base null.")
        return views.Source(skill="", path=path, hash=text_hash(text), version=None, text=text)

    @command("helpers.write", agent=True, files=True)
    def write_helper(
        self, caller: Caller, path: str, text: str, reason: str, base: str | None = None
    ) -> HelperVerdicts:
        if caller.revises:
            raise CommandRefused("not_allowed", "a revision changes its one skill; helpers are shared")
        current = self._text_at(self._helper(path))
        names, origin = self._gate.names_on_disk(), Origin(caller.who, reason)
        with ExitStack() as turns:
            for name in names:  # or the watcher judges them first, as a person's
                turns.enter_context(self._gate.turn(name))
            if not self._is_repeat(caller, current, text):
                _expect_base(path, current, base)
                caller.intend({"base": base, "new": text_hash(text)})
                _write(self._workspace / path, text)
            verdicts = self._judge_all(names, path, origin)
        return HelperVerdicts(verdicts=verdicts, hash=text_hash(text))

    def _judge_all(self, names: Sequence[str], path: str, origin: Origin) -> list[views.Verdict]:
        """Those that import the helper."""
        verdicts = []
        for name in names:
            snapshot = gather(self._workspace, entry_of(name))
            if isinstance(snapshot, Snapshot) and path in snapshot.files:
                active = self._registry.active(name)
                report = self._gate.judge(name, origin)
                verdicts.append(self._verdict(name, report, active, diff=""))
        return verdicts

    # ------------------------------------------------------------ check, run, hold

    @command("skills.check", agent=True, files=True)
    def check(self, caller: Caller, name: str, text: str | None = None) -> Report:  # noqa: ARG002
        """The file as it is now, which goes live if it passes; or `text` in its place, which changes nothing."""
        if text is not None:
            snapshot = gather(self._workspace, entry_of(name), text)
            if not isinstance(snapshot, Snapshot):
                return Report(skill=name, hash="", problems=snapshot)
            return self._gate.check(snapshot)
        if not (self._workspace / entry_of(name)).exists():
            row = self._registry.row(name)
            if row.report:
                return Report.model_validate(row.report)
            raise self._deleted(name)
        return self._gate.judge(name, BY_HAND)

    @command("skills.run", agent=True, stores=True)
    def run(self, caller: Caller, name: str, input: JsonValue = None, rehearsal: bool = False) -> views.Run:  # noqa: A002
        active = self._registry.active(name)
        if active and active.trusted and caller.is_agent:
            raise CommandRefused("not_allowed", f"{name} ships with Tend and is started by people")
        version = (to_rehearse if rehearsal else to_run)(self._store, self._registry, name)
        trigger = "rehearsal" if rehearsal else f"call by {caller.who}"
        key = "rehearsal" if rehearsal else ""
        new = new_run(
            name,
            version.version,
            version.manifest,
            priority=PERSONS,
            trigger=trigger,
            input=input,
            rehearsal=rehearsal,
            concurrency_key=key,
        )

        def change(connection: Connection) -> Row:
            refuse_stopped(connection, name)
            create(connection, new, self._clock.now())
            return RUN.rows(connection, {"at_run": new.id})[0]

        try:
            row = self._store.write(change)
        except Skipped as no_room:
            raise CommandRefused("skipped", f"{name} was not started: {no_room}") from no_room
        self._dispatcher.nudge()
        return new_run_view(row)

    @command("skills.pause", agent=True, stores=True)
    def pause(self, caller: Caller, name: str, reason: str = "") -> views.Skill:
        self._refuse_other_than_revised(caller, name)
        self._registry.pause(name, caller.who, reason)
        return self._after_hold(name, "paused")

    @command("skills.resume", agent=True)
    def resume(self, caller: Caller, name: str) -> views.Skill:
        self._refuse_other_than_revised(caller, name)
        self._registry.resume(name, caller.who)
        self._store.write(lambda connection: self._end_quarantine(connection, name, caller.who))
        return self._after_hold(name, "resumed")

    def _end_quarantine(self, connection: Connection, name: str, who: str) -> None:
        if start_afresh(connection, name):
            record_audit(connection, self._clock.now(), who, "end quarantine", name, skill=name)

    def _after_hold(self, name: str, what: str) -> views.Skill:
        self._moments.publish("skill", skill=name, what=what)
        return self._views.one(name)

    # ------------------------------------------------------------ a change of a skill's file

    def _change(self, caller: Caller, name: str, base: str | None, reason: str, make: Any) -> views.Verdict:
        """One change, by whoever; the verdict is about exactly these bytes."""
        path = entry_of(name)
        if problem := name_problem(path):
            raise CommandRefused("name", f"{problem.reason}. {problem.fix}")
        self._refuse_shipped(name)
        self._refuse_other_than_revised(caller, name)
        with self._gate.turn(name):
            current = self._text_now(name, caller)
            if self._is_repeat(caller, current, None):
                text, before = current or "", self._before(caller)
            else:
                _expect_base(path, current, base)
                text, before = make(current or ""), current or ""
                caller.intend({"base": base, "new": text_hash(text), "before": before})
                failpoint("skills.write.intended")
            diff = unified(name, before, text)
            if caller.revises:
                return self._propose(caller, name, text, reason, diff)
            if text != current:
                _write(self._workspace / path, text)
                failpoint("skills.write.written")
            active = self._registry.active(name)
            report = self._gate.judge(name, Origin(caller.who, reason, active.version if active else None))
            return self._verdict(name, report, active, diff=diff, text=text)

    def _is_repeat(self, caller: Caller, current: str | None, text: str | None) -> bool:
        """A crash struck after this very change had been written, and the run gives the command again."""
        if not isinstance(caller.intent, dict) or current is None:
            return False
        return caller.intent.get("new") == text_hash(current) and (text is None or text == current)

    def _before(self, caller: Caller) -> str:
        before = caller.intent.get("before") if isinstance(caller.intent, dict) else None
        return before if isinstance(before, str) else ""

    def text_of(self, name: str) -> str | None:
        """The file's text as it is now; None where there is no file."""
        return self._text_now(name, Caller())

    def _text_now(self, name: str, caller: Caller) -> str | None:
        """The file's text; for a revision, what it has proposed so far."""
        if caller.revises and (proposed := self._proposed(name, caller)):
            return self._store.read(lambda connection: entry_text(connection, proposed))
        return self._text_at(entry_of(name))

    def _text_at(self, path: str) -> str | None:
        """None where there is no such file."""
        if not (self._workspace / path).exists():
            return None
        content = read_plain(self._workspace, path)
        if isinstance(content, Problem):
            raise CommandRefused("unreadable", f"{path} can't be read: {content.reason}")
        return with_plain_newlines(content.decode())

    def _verdict(
        self, name: str, report: Report, before: Active | None, *, diff: str, text: str | None = None
    ) -> views.Verdict:
        """`before` was active until now."""
        active = self._registry.active(name)
        live = active is not None and report.passed and active.version == report.hash
        return views.Verdict(
            report=report,
            live=live,
            version=report.hash,
            diff=diff,
            hash=text_hash(text) if text is not None else None,
            next_times=self._views.next_times(active.manifest) if live and active else (),
            schedule=self._views.words(active.manifest) if live and active else "",
            card=self._card(report.manifest, report.hash, before),
            **({} if live else self._store.read(lambda connection: _answer_to(connection, name, report.hash))),
        )

    # ------------------------------------------------------------ a revision by the review

    def _propose(self, caller: Caller, name: str, text: str, reason: str, diff: str) -> views.Verdict:
        """Check the bytes without touching the file; what passes is a proposal, one for each skill and review."""
        active = self._registry.active(name)
        if active is None:
            raise CommandRefused("not_live", f"{name} is not live any more; there is nothing to revise")
        proposed = gather(self._workspace, entry_of(name), text)
        if not isinstance(proposed, Snapshot):
            raise CommandRefused("unreadable", f"{name}: {proposed[0].reason}")
        report = self._gate.check(proposed)
        origin = Origin(caller.who, reason, active.version)
        if not report.passed or proposed.hash == active.version:
            return views.Verdict(report=report, live=False, version=proposed.hash, diff=diff, hash=None)
        now = self._clock.now()
        finding = caller.revises.get("finding") if isinstance(caller.revises, dict) else None

        def change(connection: Connection) -> str:
            self._registry.propose(connection, proposed, report, origin)
            return put_proposal(
                connection,
                {
                    "id": secrets.token_hex(8),
                    "skill": name,
                    "state": "open",
                    "review": caller.review,
                    "finding": finding,
                    "base": active.version,
                    "version": proposed.hash,
                    "reason": reason,
                    "created_at": now,
                },
            )

        identity = self._store.write(change)
        failpoint("proposals.stored")
        self._moments.publish("proposal", id=identity, skill=name, state="open")
        manifest = report.manifest
        return views.Verdict(
            report=report,
            live=False,
            version=proposed.hash,
            diff=diff,
            hash=text_hash(text),
            schedule=self._views.words(manifest) if manifest else "",
            card=self._card(manifest, proposed.hash, active),
        )

    def _proposed(self, name: str, caller: Caller) -> str | None:
        return self._store.read(lambda connection: proposed_by(connection, name, caller.review))

    def _refuse_other_than_revised(self, caller: Caller, name: str) -> None:
        revised = caller.revises.get("skill") if isinstance(caller.revises, dict) else name
        if caller.revises and revised != name:
            raise CommandRefused("not_allowed", f"this revision is about {revised}; leave {name} as it is")

    def _refuse_shipped(self, name: str) -> None:
        active = self._registry.active(name)
        if active and active.trusted:
            raise CommandRefused("name", f"{name} ships with Tend and can't be changed; choose another name")

    # ------------------------------------------------------------ inside

    def _versions(self, name: str, active: Active | None) -> tuple[views.Version, ...]:
        found = self._registry.history(name)
        return tuple(version_view(row, self._card(_manifest(row), row.hash, active)) for row in found)

    def card(self, name: str, version: str) -> views.Card | None:
        """Beside what is active now; None where the version declares nothing that could be read."""
        return self._card(self._registry.manifest(version), version, self._registry.active(name))

    def _card(self, manifest: Manifest | None, version: str, active: Active | None) -> views.Card | None:
        other = active.manifest if active and active.version != version else None
        return self._cards.card(manifest, version, other) if manifest else None

    def _deleted(self, name: str) -> CommandRefused:
        said = f"{entry_of(name)} is deleted. Earlier versions: tend skills history {name}"
        return CommandRefused("not_found", said)

    def _source(self, name: str, text: str, version: str | None) -> views.Source:
        return views.Source(skill=name, path=entry_of(name), hash=text_hash(text), version=version, text=text)

    def _helper(self, path: str) -> str:
        """The path, where a helper may have it."""
        if not path.startswith("lib/"):
            raise CommandRefused("name", f"{path!r} is no helper; helpers are lib/NAME.py")
        if problem := name_problem(path):
            raise CommandRefused("name", f"{problem.reason}. {problem.fix}")
        return path


def _answer_to(connection: Connection, name: str, version: str) -> dict[str, str | None]:
    """Whether a person is asked about it, or has said no."""
    asked = asked_about(connection, name, version)
    return {"approval": asked, "denied": None if asked else said_no(connection, name, version)}


def _manifest(row: Row) -> Manifest | None:
    return Manifest.model_validate(row.manifest) if row.manifest else None


def _expect_base(path: str, current: str | None, base: str | None) -> None:
    """A person's edit wins: nobody overwrites what they have not read."""
    now = text_hash(current) if current is not None else None
    if now == base or (now and base and len(base) >= SHORTEST_BASE and now.startswith(base)):
        return
    if base is None:
        raise CommandRefused("conflict", f"{path} exists already. Read it, and name its hash as base.")
    if now is None:
        raise CommandRefused("conflict", f"{path} was deleted since you read it. Ask before you write it again.")
    raise CommandRefused(
        "conflict", f"{path} has changed since you read it (base {base[:12]}, now {now[:12]}). Read it again."
    )


def _write(path: Path, text: str) -> None:
    """No more than can be read again."""
    if (size := len(text.encode())) > LARGEST_FILE:
        raise CommandRefused("too_large", f"{size:,} bytes are more than {LARGEST_FILE:,}, the most one file may have")
    write_whole(path, text)
