"""Which version of each skill is active, and every version there has ever been.

A version is one immutable set of bytes, kept by hash, so that a run goes on with the bytes it started with after the
file has been changed or deleted. Only a version whose check passed becomes active; until then the last good one
stays. Every change of state is an audit row in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.batched import batched
from sidecar.caller import TEND
from sidecar.checker.manifest import Manifest
from sidecar.checker.report import Report, Snapshot
from sidecar.clock import Clock
from sidecar.events.emit import follow
from sidecar.notices.dead_man import hold_to
from sidecar.quarantine.count import start_afresh
from sidecar.store import Row, Store
from sidecar.store.prepared import Prepared
from sidecar.store.schema import approvals, audit, schedules, skills, versions
from sidecar.store.store import get_blob, put_blob
from skills.wire import Code

CODE_KEPT = 100  # versions
READ_AT_ONCE = 1_000  # versions

# As text: pydantic reads it, several times as fast as json does.
_manifest = sa.cast(versions.c.manifest, sa.Text).label("manifest")
_MANIFEST = Prepared(sa.select(_manifest).where(versions.c.hash == sa.bindparam("hash")))
_VERSIONS = sa.select(versions.c.hash, versions.c.skill, versions.c.entry, _manifest)
_parsed = lru_cache(maxsize=CODE_KEPT)(Manifest.model_validate_json)  # the same text is the same manifest


class NoSuchSkill(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no skill {name!r}. See what there is: tend skills list")


class NoSuchVersion(Exception):
    def __init__(self, skill: str, version: str) -> None:
        super().__init__(f"{skill} has no version {version!r}. See what there is: tend skills history {skill}")


@dataclass(frozen=True)
class Origin:
    """Who made a version, and why."""

    author: str
    reason: str
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What never changes of a version that has passed its check."""

    version: str
    entry: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Active:
    """The version that a trigger of this skill starts now."""

    skill: str
    origin: str
    paused: bool
    declared: Declared

    @property
    def version(self) -> str:
        return self.declared.version

    @property
    def manifest(self) -> Manifest:
        return self.declared.manifest

    @property
    def trusted(self) -> bool:
        return self.origin == "shipped"


def record_audit(
    connection: Connection, now: float, who: str, what: str, subject: str, why: str = "", *, skill: str | None = None
) -> None:
    """In the transaction of the decision itself. `skill` is the one that it is about; the store refuses to change or
    delete the row."""
    row = {"at": now, "who": who, "what": what, "subject": subject, "why": why, "skill": skill}
    connection.execute(audit.insert().values(**row))


def _withdraw(connection: Connection, skill: str, now: float) -> None:
    """Something else has come: what waits for a yes goes live no more."""
    waits = (versions.c.skill == skill, versions.c.state.in_(("waiting", "approved")))
    connection.execute(versions.update().where(*waits).values(state="superseded"))
    asked = (approvals.c.skill == skill, approvals.c.kind == "version", approvals.c.state == "open")
    why = "the skill has changed since"
    voided = approvals.update().where(*asked).values(state="void", answer_reason=why, answered_at=now)
    for identity in connection.scalars(voided.returning(approvals.c.id)).all():
        record_audit(connection, now, TEND, "void", f"approval {identity}", why, skill=skill)


class Registry:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._code = lru_cache(maxsize=CODE_KEPT)(self._read_code)
        self._declared: dict[str, Declared] = {}  # by skill, of the version that was active last

    # ------------------------------------------------------------ in

    def activate(
        self,
        snapshot: Snapshot,
        report: Report,
        origin: Origin,
        *,
        shipped: bool = False,
        import_from: str | None = None,
    ) -> None:
        """Make a version whose check passed the one that triggers start; the one before it retires."""
        assert report.manifest is not None and report.passed, report  # noqa: S101 # the gate has seen to it
        name, now = snapshot.skill, self._clock.now()

        def change(connection: Connection) -> None:
            _withdraw(connection, name, now)
            self._put_version(connection, snapshot, report, origin, "active", import_from)
            connection.execute(
                versions.update()
                .where(versions.c.skill == name, versions.c.state == "active", versions.c.hash != snapshot.hash)
                .values(state="retired")
            )
            connection.execute(
                versions.update().where(versions.c.hash == snapshot.hash).values(state="active", activated_at=now)
            )
            start_afresh(connection, name)
            where = "shipped" if shipped else "workspace"
            self._put_skill(connection, name, where, active=snapshot.hash, report=report, retired_at=None)
            follow(connection, name, report.manifest)
            hold_to(connection, name, report.manifest, now)
            record_audit(
                connection, now, origin.author, "activate", f"{name} {snapshot.hash}", origin.reason, skill=name
            )

        self._store.write(change)

    def refuse(self, snapshot: Snapshot, report: Report, origin: Origin) -> None:
        """Keep a version that did not pass, with its report; what was active stays active."""

        def change(connection: Connection) -> None:
            _withdraw(connection, snapshot.skill, self._clock.now())
            self._put_version(connection, snapshot, report, origin, "refused", None)
            self._put_skill(
                connection, snapshot.skill, "workspace", newest=snapshot.hash, report=report, retired_at=None
            )

        self._store.write(change)

    def refuse_unreadable(self, name: str, report: Report) -> None:
        """Keep the report on a file that could not be read at all."""

        def change(connection: Connection) -> None:
            _withdraw(connection, name, self._clock.now())
            self._put_skill(connection, name, "workspace", newest=None, report=report, retired_at=None)

        self._store.write(change)

    def put_waiting(self, connection: Connection, snapshot: Snapshot, report: Report, origin: Origin) -> float:
        """Keep a version that passed, and goes live when a person says so; what was active stays active. Returns when
        that is."""
        now = self._clock.now()
        _withdraw(connection, snapshot.skill, now)
        self._put_version(connection, snapshot, report, origin, "waiting", None)
        waits = versions.update().where(versions.c.hash == snapshot.hash)
        connection.execute(waits.values(state="waiting", **vars(origin)))
        self._put_skill(connection, snapshot.skill, "workspace", newest=snapshot.hash, report=report, retired_at=None)
        return now

    def propose(self, connection: Connection, snapshot: Snapshot, report: Report, origin: Origin) -> None:
        """Keep a version that goes live only when a person accepts it."""
        self._put_version(connection, snapshot, report, origin, "proposed", None)

    def retire(self, name: str, who: str, reason: str) -> None:
        """Nothing starts the skill any more. Its versions stay, for the runs that need them."""
        now = self._clock.now()

        def change(connection: Connection) -> None:
            _withdraw(connection, name, now)
            connection.execute(
                skills.update()
                .where(skills.c.name == name)
                .values(active=None, newest=None, report=None, retired_at=now)
            )
            connection.execute(
                versions.update().where(versions.c.skill == name, versions.c.state == "active").values(state="retired")
            )
            follow(connection, name, None)
            hold_to(connection, name, None, now)
            connection.execute(schedules.delete().where(schedules.c.skill == name))  # if it comes back, it is new
            record_audit(connection, now, who, "retire", name, reason, skill=name)

        self._store.write(change)

    def pause(self, name: str, who: str, reason: str) -> None:
        self._set_paused(name, who, paused=True, reason=reason)

    def resume(self, name: str, who: str) -> None:
        self._set_paused(name, who, paused=False, reason="")

    # ------------------------------------------------------------ out

    def active(self, name: str) -> Active | None:
        return next(iter(self._active(skills.c.name == name)), None)

    def all_active(self) -> list[Active]:
        return self._active(sa.true())

    def declared(self, connection: Connection, active: Mapping[str, str]) -> dict[str, Declared]:
        """By skill, of the versions that are active. Each is read once: with ten thousand skills that takes seconds."""
        known = {skill: self._declared[skill] for skill in active.keys() & self._declared.keys()}
        declared = {skill: one for skill, one in known.items() if one.version == active[skill]}
        for some in batched([version for skill, version in active.items() if skill not in declared], READ_AT_ONCE):
            found = connection.execute(_VERSIONS.where(versions.c.hash.in_(some)))
            declared |= {row.skill: _declared(row) for row in found}
        self._declared |= declared
        return declared

    def judged(self) -> dict[str, str]:
        """By skill, the version of its newest verdict; without those that are retired, and those of which the check
        came to none."""
        has_one = (skills.c.retired_at.is_(None), skills.c.newest.is_not(None), skills.c.report.is_not(None))
        # The reports of what is active say nothing new, and are many.
        news = sa.case((skills.c.newest.is_distinct_from(skills.c.active), skills.c.report))
        wanted = sa.select(skills.c.name, skills.c.newest, sa.type_coerce(news, sa.JSON).label("report"))
        return {
            row.name: row.newest
            for row in self._store.rows(wanted.where(*has_one))
            if not (row.report and Report.model_validate(row.report).undecided)
        }

    def names(self) -> list[str]:
        """Of every skill there has ever been."""
        return [row.name for row in self._store.rows(sa.select(skills.c.name))]

    def manifest(self, version: str) -> Manifest | None:
        row = self._store.row(_MANIFEST, {"hash": version})
        return _parsed(row.manifest) if row and row.manifest else None

    def row(self, name: str) -> Row:
        """The skill's row, retired or not. Raises NoSuchSkill."""
        row = self._store.row(sa.select(skills).where(skills.c.name == name))
        if row is None:
            raise NoSuchSkill(name)
        return row

    def version(self, skill: str, prefix: str) -> Row:
        """A version of the skill by its hash or the first letters of it. Raises NoSuchVersion."""
        found = self._store.rows(
            sa.select(versions).where(versions.c.skill == skill, versions.c.hash.startswith(prefix, autoescape=True))
        )
        if len(found) != 1:
            raise NoSuchVersion(skill, prefix)
        return found[0]

    def history(self, skill: str) -> list[Row]:
        """Newest first."""
        return list(
            self._store.rows(
                sa.select(versions)
                .where(versions.c.skill == skill)
                .order_by(sa.func.coalesce(versions.c.activated_at, versions.c.created_at).desc())
            )
        )

    def files(self, version: str) -> dict[str, bytes]:
        """The version's bytes, by path in the workspace."""

        def read(connection: Connection) -> dict[str, bytes]:
            files = connection.execute(sa.select(versions.c.files).where(versions.c.hash == version)).scalar_one()
            return {path: get_blob(connection, digest) for path, digest in files.items()}

        return self._store.read(read)

    def blobs(self) -> dict[str, str]:
        """By path in the workspace, what the active versions have there. Of a helper that is not the same in all of
        them, as the one has it that became active last."""
        last = sa.select(versions.c.files).join(skills, skills.c.active == versions.c.hash)
        of_workspace = last.where(skills.c.origin != "shipped").order_by(versions.c.activated_at, versions.c.skill)
        return {path: blob for row in self._store.rows(of_workspace) for path, blob in row.files.items()}

    def content(self, blob: str) -> bytes:
        return self._store.read(lambda connection: get_blob(connection, blob))

    def code(self, version: str) -> Code:
        """What a worker executes. It never changes: those of the newest runs are kept."""
        return self._code(version)

    def _read_code(self, version: str) -> Code:
        row = self._store.row(sa.select(versions).where(versions.c.hash == version))
        assert row is not None, version  # noqa: S101 # a run's version is kept as long as the run
        if row.import_from:
            return Code(entry=row.entry, function=row.skill, import_from=row.import_from)
        files = {path: content.decode("utf-8-sig") for path, content in self.files(version).items()}
        return Code(entry=row.entry, function=row.skill, files=files)

    # ------------------------------------------------------------ inside

    def _active(self, where: sa.ColumnElement[bool]) -> list[Active]:
        named = sa.select(skills.c.name, skills.c.origin, skills.c.paused, skills.c.active)

        def read(connection: Connection) -> list[Active]:
            rows = connection.execute(named.where(skills.c.active.is_not(None), where)).all()
            declared = self.declared(connection, {row.name: row.active for row in rows})
            return [Active(row.name, row.origin, row.paused, declared[row.name]) for row in rows]

        return self._store.read(read)

    def _put_version(
        self,
        connection: Connection,
        snapshot: Snapshot,
        report: Report,
        origin: Origin,
        state: str,
        import_from: str | None,
    ) -> None:
        files = {path: put_blob(connection, content) for path, content in snapshot.files.items()}
        known = connection.scalar(sa.select(versions.c.state).where(versions.c.hash == snapshot.hash))
        values = {
            "report": report.model_dump(mode="json"),
            "manifest": report.manifest.model_dump(mode="json") if report.manifest else None,
        }
        if known is not None:
            connection.execute(versions.update().where(versions.c.hash == snapshot.hash).values(**values))
            return
        connection.execute(
            versions.insert().values(
                hash=snapshot.hash,
                skill=snapshot.skill,
                state=state,
                entry=snapshot.entry,
                files=files,
                import_from=import_from,
                created_at=self._clock.now(),
                **vars(origin),
                **values,
            )
        )

    def _put_skill(self, connection: Connection, name: str, origin: str, *, report: Report, **values: Any) -> None:
        values = {"newest": values.get("active"), "report": report.model_dump(mode="json")} | values
        changed = connection.execute(skills.update().where(skills.c.name == name).values(**values))
        if changed.rowcount == 0:
            connection.execute(skills.insert().values(name=name, origin=origin, paused=False, **values))

    def _set_paused(self, name: str, who: str, *, paused: bool, reason: str) -> None:
        now = self._clock.now()

        def change(connection: Connection) -> None:
            connection.execute(
                skills.update().where(skills.c.name == name).values(paused=paused, paused_reason=reason or None)
            )
            record_audit(connection, now, who, "pause" if paused else "resume", name, reason, skill=name)

        self.row(name)
        self._store.write(change)


def _declared(row: Row) -> Declared:
    return Declared(row.hash, row.entry, Manifest.model_validate_json(row.manifest))
