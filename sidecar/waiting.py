"""Versions that passed their check and wait for a person's yes, since they may do more than what is active.

    passed ─► written by a person ─────────────────────────────────► active
          └─► wider than the active version, or the first one ──► waiting ─► yes: active
              and of weighty powers                                      └─► no: refused

The yes is bound to the version's hash. The last good version stays active meanwhile, and a newer save takes the place
of what waits. Whoever leads carries a decision out: it has the files and the schedules.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.approvals import Ended, NewApproval, ask
from sidecar.caller import AGENT, TEND
from sidecar.card.powers import wants_a_yes, wider
from sidecar.checker.manifest import Manifest
from sidecar.checker.report import Report, Snapshot
from sidecar.clock import Clock
from sidecar.failpoints import failpoint
from sidecar.journal.runs import LIVE
from sidecar.looking import Looking
from sidecar.registry import Origin, Registry
from sidecar.store import Row, Store
from sidecar.store.prepared import Prepared
from sidecar.store.schema import approvals, runs, skills, steps, versions

NO_PERSON = (AGENT, TEND)

_IS_NEWEST = sa.exists().where(skills.c.name == versions.c.skill, skills.c.newest == versions.c.hash)
_APPROVED = Prepared(
    sa.select(versions.c.skill, versions.c.hash).where(sa.text("versions.state = 'approved'"), _IS_NEWEST)
)  # the index, in its words


def needs_a_yes(manifest: Manifest, active: Manifest | None, origin: Origin) -> tuple[str, ...]:
    """The powers that a person is asked about; none: it goes live. What a person wrote has their yes."""
    if origin.author not in NO_PERSON:
        return ()
    return wider(manifest, active) if active else wants_a_yes(manifest)


def put_waiting(
    connection: Connection,
    registry: Registry,
    snapshot: Snapshot,
    report: Report,
    origin: Origin,
    more: tuple[str, ...],
) -> str:
    """Keep it, and ask; the approval's id."""
    now = registry.put_waiting(connection, snapshot, report, origin)
    question = f"May {snapshot.skill} go live as {snapshot.hash[:8]}? It {'; it '.join(more)}."
    new = NewApproval(
        "version",
        snapshot.skill,
        question,
        call={"arguments": {"it": list(more)}, "version": snapshot.hash},
        reason=origin.reason,
    )
    return ask(connection, new, now)


def asked_about(connection: Connection, skill: str, version: str) -> str | None:
    """The open approval for which this version waits."""
    asked = (approvals.c.skill == skill, approvals.c.kind == "version", approvals.c.state == "open")
    rows = connection.execute(sa.select(approvals.c.id, approvals.c.call).where(*asked))
    return next((row.id for row in rows if row.call["version"] == version), None)


def said_no(connection: Connection, skill: str, version: str) -> str | None:
    """Who did not want this version, and why; it is not asked about again."""
    denied = (approvals.c.skill == skill, approvals.c.kind == "version", approvals.c.state == "denied")
    rows = connection.execute(sa.select(approvals).where(*denied).order_by(approvals.c.answered_at.desc()))
    row = next((row for row in rows if row.call["version"] == version), None)
    if row is None:
        return None
    return f"{row.answered_by} said no{': ' if row.answer_reason else ''}{row.answer_reason or ''}"


_WRITTEN = tuple(versions.c[name] for name in ("entry", "files", "activated_at", "author", "reason", "base"))


def written_by(connection: Connection, snapshot: Snapshot) -> Origin | None:
    """Whose bytes these are, where no person wrote them: the skill's versions with the same module never were active,
    and one of them is of no person; or a command of a run was about to write one of the files."""
    entry = sha256(snapshot.files[snapshot.entry]).hexdigest()
    earlier = connection.execute(
        sa.select(*_WRITTEN).where(versions.c.skill == snapshot.skill).order_by(versions.c.created_at.desc())
    ).all()
    same = [row for row in earlier if row.files.get(row.entry) == entry]
    if not any(row.activated_at for row in same):
        for row in same:
            if row.author in NO_PERSON:
                return Origin(row.author, row.reason, row.base)
    texts = {sha256(content).hexdigest() for content in snapshot.files.values()}
    commands = (
        sa.select(steps.c.intent)
        .join(runs, runs.c.id == steps.c.run)
        .where(runs.c.state.in_(LIVE), steps.c.state == "running", steps.c.intent.is_not(None))
    )
    intents = connection.scalars(commands).all()
    if any(isinstance(intent, dict) and intent.get("new") in texts for intent in intents):
        return Origin(AGENT, "written before a crash")
    return None


class Decisions:
    """A part of the sidecar, where it leads: makes live what was approved. `go_live` is called with a skill's turn at
    the gate still to be taken."""

    def __init__(self, store: Store, clock: Clock, go_live: Callable[[str, str], None]) -> None:
        self._store = store
        self._go_live = go_live
        self.looking = Looking(clock, self._look, "decisions")

    def answered(self, connection: Connection, approval: Row, ended: Ended) -> None:
        """In the answer's transaction."""
        hash_, by = approval.call["version"], ended.result["by"] if isinstance(ended.result, dict) else None
        waits = (versions.c.hash == hash_, versions.c.state == "waiting")
        became: dict[str, Any] = {"state": "refused"}
        if ended.state == "approved":
            became = {"state": "approved", "reason": versions.c.reason + f"; approved by {by}"}
        connection.execute(versions.update().where(*waits).values(**became))
        self.looking.nudge()

    def _look(self) -> None:
        for row in self._store.rows(_APPROVED):
            failpoint("waiting.approved")
            self._go_live(row.skill, row.hash)
