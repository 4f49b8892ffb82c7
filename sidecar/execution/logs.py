"""The lines that a run writes about itself."""

from __future__ import annotations

from sidecar.clock import Clock
from sidecar.journal.runs import Segment
from sidecar.store import Store
from sidecar.store.schema import logs
from sidecar.store.values import insert
from skills.wire import Log

MESSAGE_AT_MOST = 10_000  # characters
LINES_AT_MOST = 10_000  # of one attempt


def keep_log(store: Store, clock: Clock, segment: Segment, line: Log) -> None:
    """Keep the line with the next commit; one of the body that a replay says again is kept once."""
    if abs(line.seq) >= LINES_AT_MOST:
        return
    is_printed = line.seq < 0
    message = line.message
    if len(message) > MESSAGE_AT_MOST:
        message = f"{message[:MESSAGE_AT_MOST]} … ({len(message):,} characters)"
    row = {
        "run": segment.run,
        "step": str(line.step) if line.step else "",
        "attempt": line.attempt if line.step or is_printed else 0,
        "seq": line.seq,
        "at": clock.now(),
        "level": line.level,
        "message": message,
        "fields": line.fields or None,
    }
    store.write_lazily(
        lambda connection: connection.execute(insert(connection, logs).values(**row).on_conflict_do_nothing())
    )
