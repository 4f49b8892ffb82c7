"""Commands about what people were told, and how it came to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import TEND, Caller, CommandRefused
from sidecar.client import views
from sidecar.clock import Clock, moment
from sidecar.commands.table import command
from sidecar.moments import Moments
from sidecar.notices import outbox as box
from sidecar.notices.routes import routes
from sidecar.notices.tell import Notice, tell
from sidecar.registry import record_audit
from sidecar.store import Row, Store
from sidecar.store.schema import notices, outbox, targets

AGAIN = ("ambiguous", "failed", "dropped")  # what may be sent once more
OVER = ("sent", "counted", "dropped")  # what can't be dropped


class NoticeCommands:
    def __init__(self, store: Store, clock: Clock, moments: Moments) -> None:
        self._store = store
        self._clock = clock
        self._moments = moments

    @command("notices.list", agent=True)
    def list_newest(
        self,
        caller: Caller,  # noqa: ARG002 # every command is given its caller
        notice: str | None = None,
        target: str | None = None,
        limit: int = 50,
    ) -> list[views.Notice]:
        """Newest first."""
        query = sa.select(notices).order_by(notices.c.at.desc()).limit(max(1, min(limit, 1000)))
        if notice:
            query = query.where(notices.c.id == notice)
        if target:
            query = query.where(notices.c.id.in_(sa.select(outbox.c.notice).where(outbox.c.target == target)))
        return self._store.read(lambda connection: notice_views(connection, connection.execute(query).all()))

    @command("notices.retry")
    def retry(self, caller: Caller, posting: str) -> views.Posting:
        """Send it once more, under the same id, whatever became of it."""

        def change(connection: Connection, row: Row) -> None:
            if row.state not in AGAIN:
                raise CommandRefused("over", f"{row.id} is {row.state}: there is nothing to send again")
            if row.target not in connection.scalars(sa.select(targets.c.name)).all():
                raise CommandRefused("no_target", f"the settings have no target {row.target!r} any more")
            box.wait_again(connection, row.message or row.id, self._clock.now())

        return self._decide(caller, posting, "retry notice", change)

    @command("notices.drop")
    def drop(self, caller: Caller, posting: str) -> views.Posting:
        """Don't send it any more."""

        def change(connection: Connection, row: Row) -> None:
            if row.state in OVER:
                raise CommandRefused("over", f"{row.id} is {row.state} already")
            box.drop(connection, row.message or row.id, self._clock.now())

        return self._decide(caller, posting, "drop notice", change)

    @command("notices.test")
    def test(self, caller: Caller, target: str) -> views.Notice:
        """Send a word to a target; what becomes of it is in `notices.list`."""

        def change(connection: Connection) -> str:
            if not routes(connection, target):
                known = connection.scalars(sa.select(targets.c.name).order_by(targets.c.position)).all()
                there = (
                    f"there are: {', '.join(known)}" if known else "the settings have none: [targets.NAME] in tend.toml"
                )
                raise CommandRefused("not_found", f"no target is called {target!r}; {there}")
            text = f"This is a test of the target {target}, by {caller.who}. Tend reaches you here."
            return tell(connection, Notice("", TEND, target, text, "test"), self._clock.now())

        made = self._store.write(change)
        (told,) = self.list_newest(caller, notice=made)
        self._moments.publish("notice", run="", skill=TEND, target=target, text=told.text)
        return told

    def _decide(
        self, caller: Caller, posting: str, what: str, change: Callable[[Connection, Row], None]
    ) -> views.Posting:
        def act(connection: Connection) -> views.Posting:
            row = _find(connection, posting)
            change(connection, row)
            record_audit(connection, self._clock.now(), caller.who, what, f"{row.id} to {row.target}")
            return posting_view(connection.execute(sa.select(outbox).where(outbox.c.id == row.id)).one())

        return self._store.write(act)


def _find(connection: Connection, posting: str) -> Row:
    begins = outbox.c.id.startswith(posting, autoescape=True)
    found = connection.execute(sa.select(outbox).where(begins).limit(2)).all()
    if not posting or not found:
        raise CommandRefused("not_found", f"nothing that was sent is called {posting!r}. See: tend notices")
    if len(found) > 1:
        raise CommandRefused("ambiguous", f"more than one begins with {posting!r}; give more of the id")
    return found[0]


def notice_views(connection: Connection, rows: Sequence[Row]) -> list[views.Notice]:
    sent: dict[str, list[views.Posting]] = {row.id: [] for row in rows}
    for row in connection.execute(sa.select(outbox).where(outbox.c.notice.in_(sent)).order_by(outbox.c.seq)):
        sent[row.notice].append(posting_view(row))
    return [_view(row, sent[row.id]) for row in rows]


def _view(row: Row, postings: list[views.Posting]) -> views.Notice:
    return views.Notice(
        id=row.id,
        at=moment(row.at),
        skill=row.skill,
        run=row.run,
        target=row.target,
        text=row.text,
        kind=row.kind,
        postings=tuple(postings),
    )


def posting_view(row: Row) -> views.Posting:
    return views.Posting(
        id=row.id,
        target=row.target,
        state=row.state,
        reason=row.reason,
        tries=row.tries,
        due_at=moment(row.due_at) if row.state == "waiting" else None,
        ended_at=moment(row.ended_at) if row.ended_at is not None else None,
    )
