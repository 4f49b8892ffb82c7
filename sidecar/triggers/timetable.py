"""A schedule's next slots, worked out ahead of their time: where ten thousand are due at once, none is worked out
then. And those of a long time when nobody looked, before the transaction that stores them: they may take seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from sidecar.triggers.schedule import Schedule, Slot

AHEAD = 2  # slots: the one that comes, and the one that says how long it is the last
ROWS_AT_MOST = 1_000  # of one look at one schedule; older slots share one row


class Came(NamedTuple):
    slots: Sequence[Slot]  # the newest
    earlier: int  # how many more there were before them


class Timetable:
    def __init__(self, schedule: Schedule, since: float) -> None:
        self.schedule = schedule
        self._since = since
        self._ahead: list[Slot] = []
        self._worked_out: dict[tuple[float, float], Came] = {}
        self.advance(since)

    def advance(self, since: float) -> None:
        """Everything up to `since` has been looked at."""
        if since < self._since or not self._ahead or self._ahead[-1].due <= since:
            self._ahead, self._rest = [], self.schedule.after(since)
        self._since = since
        self._ahead = [slot for slot in self._ahead if slot.due > since]
        self._ahead += islice(self._rest, AHEAD - len(self._ahead))

    @property
    def next_due(self) -> float | None:
        return self._ahead[0].due if self._ahead else None

    def came(self, since: float, now: float) -> Came:
        """The slots after `since`, up to `now`."""
        if since >= self._since and (len(self._ahead) < AHEAD or now < self._ahead[-1].due):
            return Came([slot for slot in self._ahead if since < slot.due <= now], 0)
        return self._worked_out.get((since, now)) or self._walk(since, now)

    def work_out(self, since: float, now: float) -> int:
        """Have them at hand until `forget`; how many rows they are."""
        found = self._worked_out[since, now] = self.came(since, now)
        return len(found.slots)

    def forget(self) -> None:
        self._worked_out.clear()

    def _walk(self, since: float, now: float) -> Came:
        kept: deque[Slot] = deque(maxlen=ROWS_AT_MOST)
        count = 0
        for slot in takewhile(lambda slot: slot.due <= now, self.schedule.after(since)):
            kept.append(slot)
            count += 1
        return Came(kept, count - len(kept))
