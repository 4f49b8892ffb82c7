"""A switch for tests: `TEND_ALWAYS_SUSPEND=1` suspends a run before each new step, but for the first of an attempt. So
every step that was remembered is replayed as often as there are steps after it."""

from __future__ import annotations

import os

from sidecar.journal.steps import Journal
from skills.wire import Begin, End, Fail, Finish, Log, Request, Suspend


class AlwaysSuspend:
    """For one attempt: `before` answers in place of the journal, where it says so."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.is_on = bool(os.environ.get("TEND_ALWAYS_SUSPEND"))
        self._has_moved = False

    def before(self, question: Begin | Finish | Fail | Request | Log | End) -> Suspend | None:
        if not self.is_on or not isinstance(question, Begin | Request) or self._journal.knows(question.step):
            return None
        if self._has_moved:
            return Suspend(reason="always")
        self._has_moved = True
        return None
