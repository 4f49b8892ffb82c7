"""The door to the sidecar: everything that people, the agent and the pages ask of it goes through `Client`.

`Client` speaks HTTP over the sidecar's Unix socket: `POST /v1/COMMAND` with a JSON object, answered with JSON;
`GET /v1/moments` streams what happens as server-sent events. The views are the words it answers in.

    SidecarError
    ├── NotRunning     no sidecar answers on this workspace's socket
    └── Refused        the sidecar answered no; `.type` names the reason, `.status` is the HTTP status
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import httpx2
from pydantic import JsonValue, TypeAdapter
from typing_extensions import TypeForm

from sidecar.client import socket_place, views
from sidecar.client.settings import Settings, SettingsError, load_settings
from sidecar.secret_folder import NotASecret

__all__ = [
    "Client",
    "NotRunning",
    "Refused",
    "Settings",
    "SettingsError",
    "SidecarError",
    "load_settings",
    "views",
]

T = TypeVar("T")


class SidecarError(Exception):
    """Something that the sidecar could not do."""


class NotRunning(SidecarError):
    def __init__(self, settings: Settings) -> None:
        super().__init__(f"no sidecar is running for {settings.workspace}. Start it with: tend up")


class Refused(SidecarError):
    def __init__(self, type_: str, message: str, status: int) -> None:
        super().__init__(message)
        self.type = type_
        self.status = status


class Client:
    """One connection to the sidecar. `who` signs what is decided through it ("person", or a name), on which surface
    says `via`."""

    def __init__(self, settings: Settings, *, who: str = "person", via: str = "terminal") -> None:
        self.settings = settings
        self.who = who
        self.via = via
        self._usual = settings.socket  # to find out where takes a look at each folder above
        self._adapters: dict[object, TypeAdapter[Any]] = {}
        self._doors: dict[Path, httpx2.Client] = {}  # by socket: a sidecar that was started again may have another

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for door in self._doors.values():
            door.close()

    # ------------------------------------------------------------ skills

    def skills(self) -> list[views.Skill]:
        return self._ask("skills.list", list[views.Skill])

    def skill_names(self) -> list[str]:
        return self._ask("skills.names", list[str])

    def skill(self, name: str) -> views.SkillDetail:
        return self._ask("skills.show", views.SkillDetail, name=name)

    def source(self, name: str, version: str | None = None) -> views.Source:
        """The file's own bytes; or a version's, by its hash or the first letters of it."""
        return self._ask("skills.read", views.Source, name=name, version=version)

    def write(self, name: str, text: str, *, base: str | None, reason: str) -> views.Verdict:
        """Write the skill's file and wait for the verdict. `base` is the `Source.hash` it started from (None: the
        file is new); Refused "conflict" where the file has changed since."""
        return self._ask("skills.write", views.Verdict, name=name, text=text, base=base, reason=reason)

    def check(self, name: str, text: str | None = None) -> views.Report:
        """Check the file as it is now; or `text` in its place, which is not saved and changes nothing."""
        return self._ask("skills.check", views.Report, name=name, text=text)

    def run_skill(self, name: str, payload: JsonValue = None, *, rehearsal: bool = False) -> views.Run:
        """Start a run now. A rehearsal reads for real, and writes, notifies and asks nobody."""
        return self._ask("skills.run", views.Run, name=name, input=payload, rehearsal=rehearsal)

    def pause(self, name: str, reason: str = "") -> views.Skill:
        return self._ask("skills.pause", views.Skill, name=name, reason=reason)

    def resume(self, name: str) -> views.Skill:
        return self._ask("skills.resume", views.Skill, name=name)

    def why(self, name: str, *, limit: int = 10) -> views.Why:
        """What became of the last `limit` slots of each of its schedules, and what keeps it from running now."""
        return self._ask("skills.why", views.Why, name=name, limit=limit)

    def remove(self, name: str) -> None:
        """Delete the file and retire the skill; its versions and runs stay."""
        self._ask("skills.remove", type(None), name=name)

    def history(self, name: str) -> list[views.Version]:
        return self._ask("skills.history", list[views.Version], name=name)

    def diff(self, name: str, old: str | None = None, new: str | None = None) -> views.Diff:
        """Between two versions; left out, `new` is the active one and `old` the one before it."""
        return self._ask("skills.diff", views.Diff, name=name, old=old, new=new)

    def restore(self, name: str, version: str) -> views.Verdict:
        """Write an earlier version's bytes back to the file."""
        return self._ask("skills.restore", views.Verdict, name=name, version=version)

    # ------------------------------------------------------------ secrets

    def secrets(self) -> list[views.Secret]:
        return self._ask("secrets.list", list[views.Secret])

    def set_secret(self, name: str, value: str) -> views.Secret:
        """Keep it on this host. The value goes to its file from here, past the sidecar, which need not run."""
        try:
            self.settings.secrets[0].set(name, value)
        except NotASecret as error:
            raise Refused("usage", str(error), 422) from error
        return self._changed_secret(name, "set secret", is_set=True)

    def remove_secret(self, name: str) -> views.Secret:
        """Its grants stay: revoke them, or they hold for the next value of this name."""
        try:
            found = self.settings.secrets[0].remove(name)
        except NotASecret as error:
            raise Refused("usage", str(error), 422) from error
        if not found:
            raise Refused("not_found", f"There is no secret {name} that tend has set on this host.", 404)
        return self._changed_secret(name, "remove secret", is_set=False)

    def grant_secret(self, skill: str, name: str, host: str) -> views.Secret:
        """Let the skill send the secret to that host, which it has to declare like the secret."""
        return self._ask("secrets.grant", views.Secret, skill=skill, name=name, host=host)

    def revoke_secret(self, skill: str, name: str, host: str | None = None) -> views.Secret:
        """Without a host, for all of them."""
        return self._ask("secrets.revoke", views.Secret, skill=skill, name=name, host=host)

    def _changed_secret(self, name: str, what: str, *, is_set: bool) -> views.Secret:
        try:
            return self._ask("secrets.changed", views.Secret, name=name, what=what)
        except NotRunning:  # then nobody writes it into the audit
            return views.Secret(name=name, is_set=is_set)

    # ------------------------------------------------------------ runs

    def runs(
        self,
        *,
        skill: str | None = None,
        state: views.RunState | Sequence[views.RunState] | None = None,
        version: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> list[views.Run]:
        """Newest first. `since` and `until` are of when they were made; of `version`, the first letters will do; of
        several states a run may be in any."""
        more: dict[str, JsonValue] = {
            "state": state if state is None or isinstance(state, str) else list(state),
            "version": version,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
        }
        given = {name: value for name, value in more.items() if value is not None}
        return self._ask("runs.list", list[views.Run], skill=skill, limit=limit, **given)

    def search(self, narrowed: views.Narrowed, text: str = "", *, limit: int = 50) -> views.Found:
        """Of these runs the newest; or of the newest 5,000 those that hold this text, in whatever case, in their input,
        output or error, or in what one of their steps was given or returned."""
        given = narrowed.model_dump(mode="json", exclude_none=True)
        return self._ask("runs.search", views.Found, narrowed=given, text=text, limit=limit)

    def last_day(self) -> views.Day:
        """The last 24 hours, with each skill that had runs in them."""
        return self._ask("runs.last_day", views.Day)

    def cancel_many(self, runs: Sequence[str], reason: str = "") -> list[views.RunOutcome]:
        """Up to 1,000, by their whole ids; what has become of each."""
        return self._ask("runs.cancel_many", list[views.RunOutcome], runs=list(runs), reason=reason)

    def rerun_many(self, runs: Sequence[str], version: Literal["active", "same"] = "active") -> list[views.RunOutcome]:
        """Up to 1,000, by their whole ids, each from its beginning with its own input; what has become of each."""
        return self._ask("runs.rerun_many", list[views.RunOutcome], runs=list(runs), version=version)

    def run(self, run: str, *, step: str | None = None) -> views.RunDetail:
        """By id, or the first letters of it. What its calls asked and were answered comes for this step, as `name` or
        `name#2`; for views.EVERY_STEP, of all."""
        return self._ask("runs.show", views.RunDetail, run=run, step=step)

    def cancel(self, run: str, reason: str = "") -> views.Run:
        return self._ask("runs.cancel", views.Run, run=run, reason=reason)

    def rerun(
        self,
        run: str,
        *,
        from_step: str | None = None,
        payload: JsonValue = None,
        version: Literal["active", "same"] = "active",
    ) -> views.Run:
        """Run it once more, with its own input or another one; from a step on, with what it remembered before."""
        return self._ask("runs.rerun", views.Run, run=run, from_step=from_step, input=payload, version=version)

    def approvals(self) -> list[views.Approval]:
        """The open ones."""
        return self._ask("approvals.list", list[views.Approval])

    def waiting(self) -> int:
        """How many are open."""
        return self._ask("approvals.count", int)

    def approval(self, approval: str) -> views.Approval:
        """By id, or the first letters of it; answered or not."""
        return self._ask("approvals.show", views.Approval, approval=approval)

    def answer(
        self,
        approval: str,
        answer: str,
        because: str = "",
        *,
        always_for: timedelta | None = None,
        any_of: Sequence[str] = (),
    ) -> views.Answered:
        """Answer an approval with yes or no, or the agent's question in words. Whether it counted stands in the answer:
        only the first does that is in time. With `always_for` a yes holds for the like of it too, for so long, whatever
        the arguments named in `any_of` are."""
        given: dict[str, JsonValue] = {"approval": approval, "answer": answer, "because": because}
        if always_for:
            given |= {"always_for": always_for.total_seconds(), "any_of": list(any_of)}
        return self._ask("approvals.answer", views.Answered, **given)

    def rules(self) -> views.Rules:
        """What needs a person's yes, and whose."""
        return self._ask("approvals.rules", views.Rules)

    def grants(self) -> list[views.Grant]:
        """The standing approvals, newest first; also those that hold no more."""
        return self._ask("grants.list", list[views.Grant])

    def grant(
        self, skill: str, step: str, arguments: dict[str, JsonValue], *, lasts: timedelta, reason: str = ""
    ) -> views.Grant:
        """Say yes beforehand to a step of the version that is live, whenever these of its arguments are just so."""
        given: dict[str, JsonValue] = {"skill": skill, "step": step, "arguments": arguments, "reason": reason}
        return self._ask("grants.add", views.Grant, seconds=lasts.total_seconds(), **given)

    def revoke_grant(self, grant: str) -> views.Grant:
        """By id, or the first letters of it. Nothing begins upon it from then on."""
        return self._ask("grants.revoke", views.Grant, grant=grant)

    # ------------------------------------------------------------ notices

    def notices(self, *, notice: str | None = None, target: str | None = None, limit: int = 50) -> list[views.Notice]:
        """Newest first; `notice` alone, by its id, or what went to one target of the settings."""
        return self._ask("notices.list", list[views.Notice], notice=notice, target=target, limit=limit)

    def retry_posting(self, posting: str) -> views.Posting:
        """Send once more what failed, was dropped, or may have come or not. Its id stays the same."""
        return self._ask("notices.retry", views.Posting, posting=posting)

    def drop_posting(self, posting: str) -> views.Posting:
        return self._ask("notices.drop", views.Posting, posting=posting)

    def test_target(self, target: str) -> views.Notice:
        """Send a word there; `notices(notice=ID)` tells what becomes of it."""
        return self._ask("notices.test", views.Notice, target=target)

    # ------------------------------------------------------------ events

    def emit(self, name: str, payload: JsonValue = None, id: str | None = None) -> views.Event:  # noqa: A002
        """Say that something happened. It is on disk when this returns, with the runs that it started. An event with
        the same name and id is taken once; of a repeated one the view says `is_new=False`."""
        return self._ask("events.emit", views.Event, name=name, payload=payload, id=id)

    def emit_many(self, events: Sequence[views.Incoming]) -> list[views.EventOutcome]:
        """Of each, in their order, what has become of it. What is stored is on disk when this returns."""
        given: list[JsonValue] = [event.model_dump(mode="json") for event in events]
        return self._ask("events.emit_many", list[views.EventOutcome], events=given)

    def changed_door(self, what: views.DoorChange, name: str = "") -> None:
        """Who may come in to the pages was changed, past the sidecar, which need not run: it goes into the audit."""
        with suppress(NotRunning):
            self._ask("doors.changed", type(None), what=what, name=name)

    def events(self, *, name: str | None = None, limit: int = 50) -> list[views.Event]:
        """Newest first, each with what became of it."""
        return self._ask("events.list", list[views.Event], name=name, limit=limit)

    # ------------------------------------------------------------ the conversation

    def send(self, text: str, *, session: str | None = None) -> views.Run:
        """Say something to the agent; the run that answers is stored when this returns. In a session where the agent
        waits for an answer, this is the answer. A new session's id is its first run's."""
        return self._ask("chat.send", views.Run, text=text, session=session)

    def sessions(self) -> list[views.Session]:
        return self._ask("chat.sessions", list[views.Session])

    def transcript(self, session: str) -> list[views.TranscriptEntry]:
        return self._ask("chat.transcript", list[views.TranscriptEntry], session=session)

    # ------------------------------------------------------------ files

    def memory_files(self) -> list[views.WorkspaceFile]:
        """What the agent remembers between conversations: whole files, then its dated notes, newest first."""
        return self._ask("memory.list", list[views.WorkspaceFile])

    def memory(self, path: str) -> views.MemoryFile:
        return self._ask("memory.read", views.MemoryFile, path=path)

    def remember(self, path: str, text: str, *, base: str | None = None) -> views.MemoryFile:
        """Write a memory file; Refused "conflict" where it has changed since it had the hash `base`."""
        self._ask("memory.write", type(None), path=path, text=text, base=base)
        return self.memory(path)

    def files(self) -> views.WorkspaceFiles:
        """All files of the workspace but the store, the settings and what begins with a dot."""
        return self._ask("files.list", views.WorkspaceFiles)

    def file(self, path: str) -> views.MemoryFile:
        """One of them, as text."""
        return self._ask("files.read", views.MemoryFile, path=path)

    # ------------------------------------------------------------ the review

    def review_now(self) -> views.Run:
        return self._ask("review.now", views.Run)

    def review_latest(self) -> views.Review | None:
        return self._ask("review.latest", views.Review | None)

    def proposals(self) -> list[views.Proposal]:
        """The open ones."""
        return self._ask("review.proposals", list[views.Proposal])

    def accept(self, proposal: str) -> views.Verdict:
        return self._ask("review.accept", views.Verdict, proposal=proposal)

    def dismiss(self, proposal: str, reason: str = "") -> views.Proposal:
        return self._ask("review.dismiss", views.Proposal, proposal=proposal, reason=reason)

    # ------------------------------------------------------------ money

    def cost(self, *, since: date | None = None, skill: str | None = None) -> views.Cost:
        """What was spent; since the month began, if not said otherwise."""
        return self._ask("cost.show", views.Cost, since=since.isoformat() if since else None, skill=skill)

    def caps(self) -> list[views.Cap]:
        return self._ask("cost.caps", list[views.Cap])

    def cap(
        self,
        scope: views.Scope,
        subject: str = "",
        *,
        amount: float | None,
        what: views.What = "usd",
        why: str = "",
    ) -> list[views.Cap]:
        """Set a cap: of a run (by id) with those below it, of a skill's day (by name), of the day, of the month. None:
        as the settings say. Runs that wait for room go on, if there is room now."""
        return self._ask("cost.cap", list[views.Cap], scope=scope, subject=subject, what=what, amount=amount, why=why)

    # ------------------------------------------------------------ the whole

    def audit(
        self,
        *,
        skill: str | None = None,
        who: str | None = None,
        what: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[views.Decision]:
        """What was decided, newest first."""
        from_ = since.isoformat() if since else None
        return self._ask("audit.list", list[views.Decision], skill=skill, who=who, what=what, since=from_, limit=limit)

    def stop(self, skill: str | None = None, reason: str = "") -> views.Halt:
        """End what is under way, of one skill or of everything, and let nothing begin until it is started again. What
        was under way waits, and goes on then."""
        return self._ask("stop", views.Halt, skill=skill, reason=reason)

    def start(self, skill: str | None = None) -> views.Halt:
        """Lift a stop: what it held goes on."""
        return self._ask("start", views.Halt, skill=skill)

    def status(self) -> views.Status:
        return self._ask("status", views.Status)

    def backup(self, file: Path) -> views.Backup:
        """Copy the store and the workspace's files into a new file, by its absolute path."""
        return self._ask("backup", views.Backup, file=str(file))

    def doctor(self, *, whole: bool = True) -> list[views.Health]:
        """`whole`: read the store through for damage, too, which takes seconds where it is large."""
        return self._ask("doctor", list[views.Health], whole=whole)

    def moments(self, *, since: int | None = None, run: str | None = None) -> Iterator[views.Moment]:
        """What happens from this call on (or after the moment `since`), until the caller stops iterating. With `run`,
        only what belongs to it; the stream then ends by itself when that run has."""
        wanted = {name: value for name, value in (("since", since), ("run", run)) if value is not None}
        opened = ExitStack()
        door = self._door()
        try:
            reply = opened.enter_context(door.stream("GET", "/v1/moments", params=wanted))
        except httpx2.TransportError as error:
            raise NotRunning(self.settings) from error
        return self._read_moments(reply, opened)

    def _read_moments(self, reply: httpx2.Response, opened: ExitStack) -> Iterator[views.Moment]:
        with opened:
            try:
                for line in reply.iter_lines():
                    if line.startswith("data: "):
                        yield views.Moment.model_validate_json(line.removeprefix("data: "))
            except httpx2.TransportError as error:
                raise NotRunning(self.settings) from error

    def _door(self) -> httpx2.Client:
        """Knock first: httpx2 leaves the socket open that it could not connect."""
        try:
            path = socket_place.told(self.settings.store, self._usual)
            with socket.socket(socket.AF_UNIX) as knock:
                knock.connect(str(path))
        except PermissionError:
            raise
        except OSError as error:
            raise NotRunning(self.settings) from error
        if path not in self._doors:
            transport = httpx2.HTTPTransport(uds=str(path))
            self._doors.setdefault(path, httpx2.Client(transport=transport, base_url="http://sidecar", timeout=None))
        return self._doors[path]

    def _ask(self, command: str, answer: TypeForm[T], /, **arguments: JsonValue) -> T:
        door = self._door()
        try:
            content = json.dumps(arguments, allow_nan=False, ensure_ascii=False).encode()
        except ValueError as error:  # what no number or no text is: infinite, or half a character
            raise Refused("usage", f"JSON can't hold what was given: {error}", 422) from error
        try:
            reply = door.post(
                f"/v1/{command}",
                content=content,
                headers={"content-type": "application/json", "x-who": self.who, "x-via": self.via},
            )
        except httpx2.TransportError as error:
            raise NotRunning(self.settings) from error
        if reply.status_code >= 400:
            problem = json.loads(reply.content)
            raise Refused(problem["type"], problem["detail"], reply.status_code)
        adapter: TypeAdapter[T] | None = self._adapters.get(answer)
        if adapter is None:  # to make one takes as long as a small command
            adapter = self._adapters[answer] = TypeAdapter(answer)
        return adapter.validate_json(reply.content)
