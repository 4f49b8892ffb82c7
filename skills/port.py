"""The seam between `Run` and whoever remembers its steps.

In a worker it is the socket to the sidecar; in `skills.testing` it is a script; nothing above it knows which.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from skills.wire import Again, Begin, Done, Effect, End, Fail, Failed, Finish, Go, Log, LookUp, Ok, Request, Suspend

Ask: TypeAlias = Begin | Finish | Fail | Effect | Request | Log | End
Tell: TypeAlias = Go | Done | Failed | Again | LookUp | Suspend | Ok


class Port(Protocol):
    def ask(self, question: Ask) -> Tell:
        """Put one question and return its answer, which is durable by then. Safe to call from several threads."""
        ...
