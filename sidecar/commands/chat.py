"""The conversation: what a person says, the run that answers, and the transcript that the agent recalls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel, JsonValue
from sqlalchemy.engine import Connection

from sidecar.approvals import Answer, Approvals
from sidecar.caller import Caller, CommandRefused
from sidecar.checker.report import Report
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.show import run_views
from sidecar.commands.skills import SkillCommands
from sidecar.commands.table import command
from sidecar.dispatch.dispatcher import Dispatcher
from sidecar.failpoints import failpoint
from sidecar.journal.admission import PERSONS, create, new_run
from sidecar.journal.runs import new_id
from sidecar.journal.stops import refuse_stopped
from sidecar.memory import Memory
from sidecar.registry import Registry
from sidecar.shipped import AGENT_SKILL
from sidecar.store import Row, Store
from sidecar.store.schema import approvals, runs, skills, summaries, transcript
from sidecar.store.values import insert

# What is recalled is the result of a step, and must be small enough to be remembered. In bytes:
MESSAGES = 400_000
MEMORY_FILE = 32_000


class Note(BaseModel):
    path: str
    text: str


class KnownSkill(BaseModel):
    name: str
    purpose: str
    schedule: str
    state: str
    last_run: str | None
    problems: str | None


class Summary(BaseModel):
    until: int
    text: str


class Recalled(BaseModel):
    """All that the agent knows when a turn begins."""

    soul: str
    user: str
    memory: str
    notes: list[Note]
    skills: list[KnownSkill]
    summary: Summary | None
    left_out: int  # messages that follow the summary, and are too many to be recalled
    messages: list[dict[str, Any]]  # that follow those
    zone: str
    now: str


class ChatCommands:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: Registry,
        answering: Approvals,
        dispatcher: Dispatcher,
        skill_commands: SkillCommands,
        memory: Memory,
        zone: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._approvals = answering
        self._dispatcher = dispatcher
        self._skills = skill_commands
        self._memory = memory
        self._zone = zone

    # ------------------------------------------------------------ people

    @command("chat.send", stores=True)
    def send(self, caller: Caller, text: str, session: str | None = None) -> views.Run:
        """Store what was said and the run that answers it, together; or answer what the agent had asked. A new
        session is named by its first run; any later run of it names it too."""
        if not text.strip():
            raise CommandRefused("usage", "say something")
        session = self._known_session(session) if session else None
        if session is not None and (question := self._open_question(session)):
            given = Answer(text, "", caller.who, caller.via)
            answered = self._store.write(lambda connection: self._approvals.answer(connection, question.id, given))
            if answered.outcome != "counted":
                raise CommandRefused(answered.outcome, answered.said)
            self._dispatcher.nudge()
            return self._run(question.run)
        active = self._registry.active(AGENT_SKILL)
        assert active is not None  # noqa: S101 # registered at start
        run = new_id()
        session = session or run
        new = new_run(
            active.skill,
            active.version,
            active.manifest,
            priority=PERSONS,
            id=run,
            trigger="chat",
            input={"session": session, "text": text, "revise": None},
            session=session,
            concurrency_key=session,
        )

        def change(connection: Connection) -> None:
            refuse_stopped(connection, active.skill)
            create(connection, new, self._clock.now())

        self._store.write(change)
        failpoint("chat.sent")
        self._dispatcher.nudge()
        return self._run(run)

    @command("chat.sessions")
    def sessions(self, caller: Caller) -> list[views.Session]:  # noqa: ARG002 # every command is given its caller
        first = sa.func.min(runs.c.seq)
        grouped = (
            sa.select(runs.c.session, first.label("first"), sa.func.count().label("turns"))
            .where(runs.c.skill == AGENT_SKILL, runs.c.session.is_not(None))
            .group_by(runs.c.session)
            .subquery()
        )
        rows = self._store.rows(
            sa.select(runs.c.session, runs.c.created_at, runs.c.input, grouped.c.turns)
            .join(grouped, grouped.c.first == runs.c.seq)
            .order_by(runs.c.seq.desc())
        )
        return [
            views.Session(
                id=row.session,
                created_at=moment(row.created_at),
                title=str(row.input["text"]).strip().splitlines()[0][:80],
                messages=row.turns,
            )
            for row in rows
        ]

    @command("chat.transcript")
    def show(self, caller: Caller, session: str) -> list[views.TranscriptEntry]:  # noqa: ARG002
        """What was said on both sides; a turn that is under way shows its question."""
        rows = self._store.rows(
            sa.select(runs).where(runs.c.session == session, runs.c.skill == AGENT_SKILL).order_by(runs.c.seq)
        )
        entries = []
        for row in rows:
            asked = str(row.input["text"])
            entries.append(views.TranscriptEntry(at=moment(row.created_at), role="person", text=asked, run=row.id))
            if (said := _reply(row)) is not None:
                entries.append(views.TranscriptEntry(at=moment(row.ended_at), role="agent", text=said, run=row.id))
        return entries

    # ------------------------------------------------------------ the agent

    @command("chat.recall", agent=True)
    def recall(self, caller: Caller, session: str) -> Recalled:
        summary = self._store.row(sa.select(summaries).where(summaries.c.session == session))
        follow = self._store.rows(
            sa.select(transcript.c.run, transcript.c.message)
            .where(transcript.c.session == session)
            .order_by(transcript.c.seq)
            .offset(summary.until if summary else 0)
        )
        left_out = _too_many(follow)
        now = datetime.fromtimestamp(self._clock.now(), ZoneInfo(self._zone))
        return Recalled(
            soul=_beginning(self._memory.read("SOUL.md")),
            user=_beginning(self._memory.read("USER.md")),
            memory=_beginning(self._memory.read("MEMORY.md")),
            notes=[Note(path=path, text=_beginning(text)) for path, text in self._memory.recent_notes()],
            skills=self._known_skills(caller),
            summary=Summary(until=summary.until, text=summary.text) if summary else None,
            left_out=left_out,
            messages=[row.message for row in follow[left_out:]],
            zone=self._zone,
            now=now.isoformat(timespec="seconds"),
        )

    @command("chat.remember", agent=True)
    def remember(self, caller: Caller, session: str, messages: list[dict[str, JsonValue]]) -> None:
        """Once for each run: a repeated command finds its messages there."""

        def change(connection: Connection) -> None:
            known = sa.select(transcript.c.seq).where(transcript.c.run == caller.run).limit(1)
            if connection.execute(known).first() is None:
                row = {"session": session, "run": caller.run, "at": self._clock.now()}
                connection.execute(transcript.insert(), [{**row, "message": message} for message in messages])

        if messages:
            self._store.write(change)

    @command("chat.summarize", agent=True)
    def summarize(self, caller: Caller, session: str, until: int, text: str) -> None:  # noqa: ARG002
        """Let a summary stand for the first `until` messages; the transcript keeps them."""
        said = {"until": until, "text": text}

        def change(connection: Connection) -> None:
            row = insert(connection, summaries).values(session=session, **said)
            connection.execute(row.on_conflict_do_update(index_elements=["session"], set_=said))

        self._store.write(change)

    def _known_skills(self, caller: Caller) -> list[KnownSkill]:
        reports = {row.name: row.report for row in self._store.rows(sa.select(skills.c.name, skills.c.report))}
        known = []
        for skill in self._skills.list_all(caller):
            if skill.origin == "shipped":
                continue
            report = Report.model_validate(reports[skill.name]) if skill.problems else None
            state = "paused" if skill.paused else "live" if skill.version else "not live"
            if skill.quarantine:
                state = f"quarantined: {skill.quarantine.reason}"
            known.append(
                KnownSkill(
                    name=skill.name,
                    purpose=skill.purpose,
                    schedule=skill.schedule,
                    state=f"{state}; the file as it is now was refused" if report else state,
                    last_run=self._in_words(skill.last_run) if skill.last_run else None,
                    problems="\n".join(f"{item.file}:{item.line}: {item.reason}" for item in report.problems)
                    if report
                    else None,
                )
            )
        return known

    def _in_words(self, run: views.Run) -> str:
        """How it ended, when, and with what."""
        at = (run.ended_at or run.created_at).astimezone(ZoneInfo(self._zone))
        came = f"{run.error.type}: {run.error.message}" if run.error else run.result
        return f"{run.state} {at:%a %Y-%m-%d %H:%M}{': ' if came else ''}{came}"

    def _known_session(self, name: str) -> str:
        row = self._store.row(
            sa.select(runs.c.session)
            .where(runs.c.session.is_not(None), sa.or_(runs.c.session == name, runs.c.id == name))
            .limit(1)
        )
        if row is None:
            raise CommandRefused("not_found", f"there is no session {name!r}. Begin a new one: tend chat")
        return str(row.session)

    def _open_question(self, session: str) -> Row | None:
        return self._store.row(
            sa.select(approvals)
            .join(runs, runs.c.id == approvals.c.run)
            .where(
                approvals.c.kind == "question",
                approvals.c.state == "open",
                runs.c.session == session,
                runs.c.state.not_in(views.FINAL),
            )
        )

    def _run(self, run: str) -> views.Run:
        def read(connection: Connection) -> views.Run:
            return run_views(connection, [connection.execute(sa.select(runs).where(runs.c.id == run)).one()])[0]

        return self._store.read(read)


def _too_many(messages: Sequence[Row]) -> int:
    """How many of them are left out, so that the newest whole turns stay that take at most MESSAGES."""
    taken = 0
    for place in reversed(range(len(messages))):
        taken += len(json.dumps(messages[place].message, ensure_ascii=False).encode())
        if taken > MESSAGES:
            cut_off = messages[place].run
            return next((n for n in range(place, len(messages)) if messages[n].run != cut_off), len(messages))
    return 0


def _beginning(text: str) -> str:
    return text.encode()[:MEMORY_FILE].decode(errors="ignore")


def _reply(row: Row) -> str | None:
    if row.state == "succeeded":
        return str(row.output["text"])
    if row.state == "failed":
        return f"(no answer: {row.error['message']})"
    return "(cancelled)" if row.state == "cancelled" else None
