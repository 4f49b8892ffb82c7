"""A schedule's next slots, worked out ahead of their time: where ten thousand are due at once, none is worked out
then."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, takewhile

from sidecar.triggers.schedule import Schedule, Slot

AHEAD = 2  # slots: the one that comes, and the one that says how long it is the last


class Timetable:
    def __init__(self, schedule: Schedule, since: float) -> None:
        self.schedule = schedule
        self._since = since
        self._ahead: list[Slot] = []
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

    def came(self, since: float, now: float) -> Iterable[Slot]:
        """The slots after `since`, up to `now`."""
        if since >= self._since and (len(self._ahead) < AHEAD or now < self._ahead[-1].due):
            return [slot for slot in self._ahead if since < slot.due <= now]
        return takewhile(lambda slot: slot.due <= now, self.schedule.after(since))
