"""One time for all hosts: the database's."""

from __future__ import annotations

import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection

NOW = sa.func.extract("epoch", sa.func.clock_timestamp()).cast(sa.Float)


class SharedClock:
    """The machine's clock, corrected by what the database said last. Hosts whose own clocks differ agree on what is
    due, and on what came first."""

    def __init__(self) -> None:
        self._ahead = 0.0  # seconds by which the database's clock is ahead of ours

    def now(self) -> float:
        return round(time.time() + self._ahead, 6)

    def ask(self, connection: Connection) -> None:
        asked = time.time()
        self.adjust(connection.scalars(sa.select(NOW)).one(), asked, time.time())

    def adjust(self, said: float, asked: float, heard: float) -> None:
        """The database said `said` some time between `asked` and `heard` by our clock."""
        self._ahead = said - (asked + heard) / 2
