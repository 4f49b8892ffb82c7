"""The engine's seam."""

from __future__ import annotations

from typing import Protocol


class Dispatcher(Protocol):
    """*Execute each ready segment of a run at least once on a live worker, soon.* A segment goes from start or resume
    to end or suspend.

    Which runs are ready, and whether their skill has room, is decided in the journal's transaction, so that a run that
    waits holds neither a process nor a slot. Who executes a segment has claimed it (journal/runs.py), or taken it over
    (journal/handing.py), which raises the run's fence: a second one could not write any more.
    """

    def start(self) -> None: ...

    def nudge(self) -> None:
        """There may be something new to do."""
        ...

    def stop_run(self, run: str) -> None:
        """End the attempt of this run, wherever it is; returns when its process is dead."""
        ...

    def stop(self) -> None:
        """End all attempts that this process conducts; their runs stay queued."""
        ...
