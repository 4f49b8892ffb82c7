"""From a saved file to a live version.

    saved bytes ─► snapshot ─► known? ─► check ─► passed: active, and its triggers with it
                    │                         ├─► refused: the report is kept, the last good version stays
                    │                         └─► no verdict: refused too, and checked again when it is looked at
                    └─ wider than that, and no person wrote it: it waits for a yes (waiting.py)

Each skill goes through one at a time; different skills at the same time. Whoever writes a file through us (the agent,
a restore) holds the skill's turn until the verdict, so that the watcher's event for the same bytes finds them judged.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sidecar.caller import PERSON, CommandRefused
from sidecar.checker.gather import gather, read
from sidecar.checker.names import SHIPPED
from sidecar.checker.report import Problem, Report, Snapshot
from sidecar.failpoints import failpoint
from sidecar.moments import Moments
from sidecar.registry import NoSuchSkill, Origin, Registry
from sidecar.store import Store, StoreError
from sidecar.store.schema import approvals, skills, versions
from sidecar.waiting import needs_a_yes, put_waiting, said_no, written_by
from sidecar.whole_file import replace_whole

BY_HAND = Origin(author=PERSON, reason="saved in the workspace")
AT_ONCE = 2  # checks that run at the same time
FEW = 20  # files that are looked at one by one
AGAIN_AFTER = 1.0  # seconds, where the store takes no changes
LONGEST_NAME = 252  # bytes: with .py, the most that a file system takes

log = logging.getLogger(__name__)


class Checker(Protocol):
    def check(self, snapshot: Snapshot) -> Report: ...


class Gate:
    def __init__(
        self,
        workspace: Path,
        store: Store,
        registry: Registry,
        checker: Checker,
        moments: Moments,
        on_live: Callable[[str], None],
    ) -> None:
        self.workspace = workspace
        self._store = store
        self._registry = registry
        self._checker = checker
        self._moments = moments
        self._on_live = on_live
        self._turns: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check")
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ what the watcher saw

    def changed(self, paths: frozenset[str]) -> None:
        """Files were saved or deleted. Returns at once; the verdicts come on other threads."""
        saved = (PurePosixPath(path).stem for path in paths if path.startswith("skills/"))
        names = {name for name in saved if _is_text(name)}
        if any(path.startswith("lib/") for path in paths):
            names |= set(self.names_on_disk())
        if len(names) > FEW:
            self._pool.submit(self._look_through, sorted(names))
        else:
            self._look_at_each(sorted(names))

    def names_on_disk(self) -> list[str]:
        """Without those that are no text: no store could keep them."""
        names = (path.stem for path in (self.workspace / "skills").glob("*.py"))
        return sorted(name for name in names if _is_text(name))

    def write_missing(self) -> list[str]:
        """At start: write again from the store what the registry has and the workspace has not. A folder that is not
        mounted retires no skill."""
        missing = []
        for path, blob in self._registry.blobs().items():
            target = self.workspace / path
            try:
                if target.exists():
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_whole(target, self._registry.content(blob), mode=0o644)
            except OSError:
                log.exception("%s is missing and could not be written again", path)
            else:
                log.warning("%s was missing and is written again from the store", path)
                missing.append(path)
        return missing

    def _look_at_each(self, names: Iterable[str]) -> None:
        for name in names:
            if self._stopping.is_set():
                return
            self._pool.submit(self._look, name)

    def _look_through(self, names: Sequence[str]) -> None:
        """Most have their verdict, as at a start: one read tells of all which, and only the others are looked at; and
        those that are being judged, which may be other bytes than there are by now."""
        try:
            busy = {name for name in names if self._is_being_judged(name)}
            judged = self._registry.judged()
            self._look_at_each(name for name in names if name in busy or judged.get(name) != self._hash_on_disk(name))
        except Exception:
            log.exception("which files have their verdict could not be read; each is looked at")
            self._look_at_each(names)

    def _is_being_judged(self, name: str) -> bool:
        turn = self._turns[name]
        if free := turn.acquire(blocking=False):
            turn.release()
        return not free

    def _hash_on_disk(self, name: str) -> str:
        """Nothing where it can't be read."""
        snapshot = gather(self.workspace, entry_of(name))
        return snapshot.hash if isinstance(snapshot, Snapshot) else ""

    def _look(self, name: str) -> None:
        """Until it is on disk what has become of the file; once more, where that is no verdict."""
        undecided = 0
        while not self._stopping.is_set():
            try:
                report = self._judge_or_retire(name)
            except (StoreError, DBAPIError, OSError):
                log.exception("there is no verdict on %s, or it is not on disk; it is judged again", name)
            except Exception:
                log.exception("the gate could not judge %s", name)
                return
            else:
                undecided += 1
                if report is None or not report.undecided or undecided > 1:
                    return
            self._stopping.wait(AGAIN_AFTER)

    def _judge_or_retire(self, name: str) -> Report | None:
        if (self.workspace / entry_of(name)).exists():
            with self.turn(name):
                return self._judge(name, BY_HAND)
        self._deleted(name)
        return None

    def _deleted(self, name: str) -> None:
        with self.turn(name):
            try:
                row = self._registry.row(name)
            except NoSuchSkill:
                return
            if row.origin == "workspace" and row.retired_at is None:
                self._registry.retire(name, PERSON, "its file was deleted")
                self._moments.publish("skill", skill=name, what="retired")
                self._on_live(name)

    # ------------------------------------------------------------ the verdict

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """While it is held, no other bytes of this skill are judged."""
        with self._turns[name]:
            yield

    def judge(self, name: str, origin: Origin) -> Report:
        """The verdict on the file as it is now; live when this returns, if it passed. Where the machine lets no check
        be made, that is the report, and the watcher's look at the same bytes has them checked as soon as it can be."""
        with self.turn(name):
            try:
                return self._judge(name, origin)
            except OSError as error:
                log.exception("%s could not be checked", name)
                snapshot = gather(self.workspace, entry_of(name))
                if not isinstance(snapshot, Snapshot):
                    return self._unreadable(name, snapshot)
                return self._refuse(snapshot, _no_verdict(snapshot, error), origin)

    def _judge(self, name: str, origin: Origin) -> Report:
        """Raises OSError where no check can be made."""
        snapshot = gather(self.workspace, entry_of(name))
        if not isinstance(snapshot, Snapshot):
            return self._unreadable(name, snapshot)
        if known := self._already(snapshot):
            return known
        report = self._known_good(snapshot) or self.check(snapshot)
        failpoint("gate.checked")
        origin = self._whose(snapshot, origin)
        if report.manifest is None or not report.passed:
            return self._refuse(snapshot, report, origin)
        active = self._registry.active(name)
        more = needs_a_yes(report.manifest, active.manifest if active else None, origin)
        denied = self._store.read(lambda connection: said_no(connection, name, snapshot.hash))
        if more and denied:
            self._registry.refuse(snapshot, report, origin)
            self._tell(_with(report, denied))
            return report
        self._tell(report)
        if more:
            self._wait(snapshot, report, origin, more)
        else:
            self._go_live(snapshot, report, origin)
        return report

    def _refuse(self, snapshot: Snapshot, report: Report, origin: Origin) -> Report:
        self._registry.refuse(snapshot, report, origin)
        self._tell(report)
        return report

    def approved(self, name: str, version: str) -> None:
        """A person has said yes to this version: it goes live, and its file is what the workspace has. What was saved
        since, and has no verdict yet, takes its place."""
        with self.turn(name):
            row = self._registry.version(name, version)
            if row.state != "approved":
                return  # something newer has come
            snapshot = Snapshot(entry=row.entry, files=self._registry.files(version))
            approved, file = snapshot.files[row.entry], self.workspace / row.entry
            there = read(self.workspace, row.entry)
            if there != approved:
                if file.exists() and there != self._active_text(name):
                    self.judge(name, BY_HAND)
                    return
                replace_whole(file, approved, mode=0o644)  # another host led when it was written
            self._go_live(snapshot, Report.model_validate(row.report), Origin(row.author, row.reason, row.base))

    def _active_text(self, name: str) -> bytes | None:
        active = self._registry.active(name)
        return self._registry.files(active.version)[active.declared.entry] if active else None

    def _go_live(self, snapshot: Snapshot, report: Report, origin: Origin) -> None:
        self._registry.activate(snapshot, report, origin)
        failpoint("gate.activated")
        self._on_live(snapshot.skill)
        self._moments.publish("skill", skill=snapshot.skill, what="live", version=snapshot.hash)

    def _wait(self, snapshot: Snapshot, report: Report, origin: Origin, more: tuple[str, ...]) -> None:
        approval = self._store.write(
            lambda connection: put_waiting(connection, self._registry, snapshot, report, origin, more)
        )
        failpoint("gate.waiting")
        told = self._store.row(sa.select(approvals.c.question).where(approvals.c.id == approval))
        assert told is not None, approval  # noqa: S101 # it has just been asked
        self._moments.publish("approval", id=approval, state="open", question=told.question, run=None)

    def _whose(self, snapshot: Snapshot, origin: Origin) -> Origin:
        """A file that is found as the agent wrote it is the agent's, though a helper has changed since, or a crash came
        between its write and the verdict."""
        if origin != BY_HAND:
            return origin
        return self._store.read(lambda connection: written_by(connection, snapshot)) or origin

    def check(self, snapshot: Snapshot) -> Report:
        return self._checker.check(snapshot)

    def _already(self, snapshot: Snapshot) -> Report | None:
        """The newest verdict, where it is about these very bytes and the skill is not retired."""
        row = self._store.row(sa.select(skills).where(skills.c.name == snapshot.skill, skills.c.retired_at.is_(None)))
        if row is None or row.newest != snapshot.hash or not row.report:
            return None
        report = Report.model_validate(row.report)
        return None if report.undecided else report

    def _known_good(self, snapshot: Snapshot) -> Report | None:
        """The report of an earlier version with these bytes."""
        row = self._store.row(
            sa.select(versions.c.report).where(versions.c.hash == snapshot.hash, versions.c.manifest.is_not(None))
        )
        return Report.model_validate(row.report) if row else None

    def _unreadable(self, name: str, problems: tuple[Problem, ...]) -> Report:
        report = Report(skill=name, hash="", problems=problems)
        if name not in SHIPPED:  # that one stays as it is, whatever file has its name
            self._registry.refuse_unreadable(name, report)
        self._tell(report)
        return report

    def _tell(self, report: Report) -> None:
        self._moments.publish(
            "check",
            skill=report.skill,
            passed=report.passed,
            version=report.hash,
            problems=[problem.model_dump(mode="json") for problem in report.problems],
            seconds=report.seconds,
        )


def _with(report: Report, denied: str) -> Report:
    fix = f"To have it all the same: tend skills restore {report.skill} {report.hash[:12]}"
    problem = Problem(stage="asked", file=entry_of(report.skill), line=0, reason=denied, fix=fix)
    return report.model_copy(update={"problems": (*report.problems, problem)})


def _no_verdict(snapshot: Snapshot, error: OSError) -> Report:
    reason = f"the check came to no verdict: {error.strerror or error}"
    fix = "It is checked again by itself. What is wrong with the machine: tend doctor"
    problem = Problem(stage="check", file=snapshot.entry, line=0, reason=reason, fix=fix)
    return Report(skill=snapshot.skill, hash=snapshot.hash, problems=(problem,))


def _is_text(name: str) -> bool:
    """Not so where a file's name is no UTF-8."""
    return not any(0xDC80 <= ord(letter) <= 0xDCFF for letter in name)


def entry_of(name: str) -> str:
    """Where the skill lies. Refused is what leads elsewhere; a name that is merely no good may be a file's all the
    same, to be looked at and removed."""
    if "/" in name or "\0" in name or not _is_text(name) or len(name.encode()) > LONGEST_NAME:
        raise CommandRefused("name", f"{name[:80]!r} is no skill's name. See what there is: tend skills list")
    return f"skills/{name}.py"
