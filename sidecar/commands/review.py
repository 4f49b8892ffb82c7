"""Commands about the review: its evidence, what it found, and the revisions that wait for a person."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from sidecar.caller import TEND, Caller, CommandRefused
from sidecar.checker.gather import gather
from sidecar.checker.report import Snapshot
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.show import entry_text, proposal_view
from sidecar.commands.skills import SkillCommands
from sidecar.commands.table import command
from sidecar.difference import text_hash
from sidecar.failpoints import failpoint
from sidecar.gate import Gate, entry_of
from sidecar.moments import Moments
from sidecar.proposals import decide
from sidecar.registry import record_audit
from sidecar.review.evidence import Evidence, gather_evidence
from sidecar.review.record import latest_review, record_review, unreviewed_since
from sidecar.shipped import REVIEW_SKILL
from sidecar.store import Row, Store
from sidecar.store.schema import proposals

AUTO = "tend (review = auto)"

log = logging.getLogger(__name__)


class Recorded(BaseModel):
    review: str


class ReviewCommands:
    def __init__(
        self, store: Store, clock: Clock, gate: Gate, skills: SkillCommands, moments: Moments, *, auto: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate
        self._skills = skills
        self._moments = moments
        self._auto = auto

    # ------------------------------------------------------------ the review skill

    @command("review.evidence", agent=True)
    def evidence(self, caller: Caller) -> Evidence:  # noqa: ARG002 # every command is given its caller
        """The last seven days, and what no review has looked at before them."""
        now = self._clock.now()
        return self._store.read(
            lambda connection: gather_evidence(connection, since=unreviewed_since(connection, now), until=now)
        )

    @command("review.record", agent=True)
    def record(
        self, caller: Caller, summary: str, findings: list[views.Finding], since: datetime, until: datetime
    ) -> Recorded:
        """`since` and `until` are those of its evidence."""
        if caller.run is None:
            raise CommandRefused("not_allowed", "a review is recorded by its run")
        run, now = caller.run, self._clock.now()
        stored: list[Any] = [finding.model_dump(mode="json") for finding in findings]
        self._store.write(
            lambda connection: record_review(
                connection,
                run,
                at=now,
                since=since.timestamp(),
                until=until.timestamp(),
                summary=summary,
                findings=stored,
            )
        )
        return Recorded(review=run)

    @command("review.settle", agent=True, files=True)
    def settle(self, caller: Caller) -> list[str]:
        """The revisions are in: with the setting `review = "auto"`, those of this review go live by themselves. One
        that can't be taken stays open."""
        if not self._auto:
            return []
        mine = self._store.rows(
            sa.select(proposals).where(proposals.c.review == caller.run, proposals.c.state == "open")
        )
        return [row.skill for row in mine if self._goes_live(row)]

    def _goes_live(self, row: Row) -> bool:
        try:
            return self._take(row, AUTO).live
        except CommandRefused as error:
            log.warning("proposal %s for %s stays open: %s", row.id, row.skill, error)
            return False

    # ------------------------------------------------------------ people

    @command("review.now")
    def now(self, caller: Caller) -> views.Run:
        return self._skills.run(caller, REVIEW_SKILL)

    @command("review.latest")
    def latest(self, caller: Caller) -> views.Review | None:  # noqa: ARG002
        def read(connection: Connection) -> views.Review | None:
            row = latest_review(connection)
            if row is None:
                return None
            theirs = connection.execute(
                sa.select(proposals).where(proposals.c.review == row.run).order_by(proposals.c.created_at)
            ).all()
            return views.Review(
                run=row.run,
                at=moment(row.at),
                since=moment(row.since),
                until=moment(row.until),
                summary=row.summary,
                findings=tuple(views.Finding.model_validate(finding) for finding in row.findings),
                proposals=tuple(proposal_view(connection, item) for item in theirs if item.state != "superseded"),
            )

        found = self._store.read(read)
        return found and found.model_copy(update={"proposals": tuple(map(self._with_card, found.proposals))})

    @command("review.proposals")
    def open(self, caller: Caller) -> list[views.Proposal]:  # noqa: ARG002
        return [self._with_card(proposal) for proposal in self._store.read(open_proposals)]

    def _with_card(self, proposal: views.Proposal) -> views.Proposal:
        return proposal.model_copy(update={"card": self._skills.card(proposal.skill, proposal.version)})

    @command("review.accept", files=True)
    def accept(self, caller: Caller, proposal: str) -> views.Verdict:
        return self._take(self._find(proposal), caller.who)

    @command("review.dismiss", stores=True)
    def dismiss(self, caller: Caller, proposal: str, reason: str = "") -> views.Proposal:
        row = self._find(proposal)
        with self._gate.turn(row.skill):
            return self._dismiss(self._find(row.id), caller, reason)

    def _dismiss(self, row: Row, caller: Caller, reason: str) -> views.Proposal:
        now = self._clock.now()

        def change(connection: Connection) -> views.Proposal:
            decide(connection, row.id, "dismissed", caller.who, reason, now)
            record_audit(
                connection, now, caller.who, "dismiss", f"proposal {row.id} for {row.skill}", reason, skill=row.skill
            )
            return proposal_view(
                connection, connection.execute(sa.select(proposals).where(proposals.c.id == row.id)).one()
            )

        view = self._store.write(change)
        self._moments.publish("proposal", id=row.id, skill=row.skill, state="dismissed")
        return view

    def _take(self, row: Row, who: str) -> views.Verdict:
        """Write the proposed text to the file, if that makes the version which was shown of the text which it is about.
        Where a crash struck after that, the text is there already, and only the decision is missing."""
        with self._gate.turn(row.skill):
            self._find(row.id)  # still open
            verdict = self._write(row, who)
            failpoint("review.accept.written")
            now = self._clock.now()
            if verdict.live or verdict.approval:
                self._store.write(lambda connection: self._accepted(connection, row, who, now))
                self._moments.publish("proposal", id=row.id, skill=row.skill, state="accepted")
            return verdict

    def _write(self, row: Row, who: str) -> views.Verdict:
        base, text = self._store.read(
            lambda connection: (entry_text(connection, row.base), entry_text(connection, row.version))
        )
        snapshot = gather(self._gate.workspace, entry_of(row.skill), text)
        if not isinstance(snapshot, Snapshot) or snapshot.hash != row.version:
            raise _has_changed(row, f"what {row.skill} imports")
        try:
            return self._skills.write(
                Caller(TEND if who == AUTO else who),
                row.skill,
                text,
                f"accepted by {who}: {row.reason}",
                text_hash(text if self._skills.text_of(row.skill) == text else base),
            )
        except CommandRefused as error:
            if error.type != "conflict":
                raise
            raise _has_changed(row, row.skill) from error

    def _accepted(self, connection: Connection, row: Row, who: str, now: float) -> None:
        decide(connection, row.id, "accepted", who, "", now)
        record_audit(connection, now, who, "accept", f"proposal {row.id} for {row.skill}", row.reason, skill=row.skill)

    def _find(self, proposal: str) -> Row:
        found = self._store.rows(
            sa.select(proposals).where(proposals.c.id.startswith(proposal, autoescape=True)).limit(2)
        )
        if not proposal or len(found) != 1:
            raise CommandRefused("not_found", f"there is no proposal {proposal!r}. See: tend review latest")
        if found[0].state != "open":
            raise CommandRefused("decided", f"proposal {found[0].id} is already {found[0].state}")
        return found[0]


def _has_changed(row: Row, what: str) -> CommandRefused:
    return CommandRefused(
        "conflict",
        f"{what} has changed since this proposal was made, so it can't be applied to what is there now. "
        f"Dismiss it, or ask for a new review: tend review dismiss {row.id[:8]}, tend review now",
    )


def open_proposals(connection: Connection) -> list[views.Proposal]:
    rows = connection.execute(
        sa.select(proposals).where(proposals.c.state == "open").order_by(proposals.c.created_at)
    ).all()
    return [proposal_view(connection, row) for row in rows]
