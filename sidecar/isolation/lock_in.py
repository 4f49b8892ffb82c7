"""Locks a process in that was just forked, before it executes anything of a skill."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from pathlib import Path

from sidecar.isolation import kernel, seccomp
from sidecar.isolation.calls import worker_rules
from sidecar.isolation.landlock import WRITE, Ruleset
from sidecar.isolation.limits import Limits
from sidecar.isolation.readable import worker_places
from sidecar.isolation.seccomp import DENY
from sidecar.isolation.tiers import Tier


class LockIn:
    """Prepared once, in the process that forks."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._ruleset = Ruleset(worker_places()) if tier == "locked" else None

    def close(self, scratch: Path, keep: Collection[int]) -> None:
        """In the child, and for good: of what it inherited it keeps these descriptors, and of all files it may write
        those in `scratch`. Raises OSError where the kernel refuses; then nothing of a skill may be executed."""
        os.setsid()
        _forget_signals()
        kernel.die_with_parent()
        kernel.hide_memory()
        kernel.renounce_privileges()
        Limits().impose()
        os.chdir(scratch)
        os.environ["TMPDIR"] = str(scratch)
        if self._ruleset:
            self._ruleset.restrict([(scratch, WRITE)])
        _close_all_but(keep)
        if self._tier != "limited":
            seccomp.restrict(worker_rules(os.getpid()), DENY)


def _forget_signals() -> None:
    for name in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)


def _close_all_but(keep: Collection[int]) -> None:
    """Standard input, output and errors become nothing: a skill's print goes to its run's log, not to ours."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    kept = sorted({*range(3), *keep})
    for before, after in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(before + 1, after)
