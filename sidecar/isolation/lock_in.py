"""Locks a process in, before it executes or reads anything of a skill."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from sidecar.isolation import kernel, seccomp
from sidecar.isolation.calls import OWN_PID, worker_rules
from sidecar.isolation.landlock import READ, WRITE, Ruleset
from sidecar.isolation.limits import Limits
from sidecar.isolation.readable import worker_places
from sidecar.isolation.seccomp import DENY
from sidecar.isolation.tiers import Tier

NOT_LOCKED_IN = 125  # the exit status of a process that could not be locked in, and has executed nothing

_STANDARD = range(3)


class LockIn:
    """Prepared once, in the process that forks; or in the process itself, where that was executed."""

    def __init__(self, tier: Tier) -> None:
        self._made_in = os.getpid()
        self._ruleset = Ruleset(worker_places()) if tier == "locked" else None
        self._calls = seccomp.compiled(worker_rules(), DENY) if tier != "limited" else None

    def close(
        self, keep: Collection[int], *, limits: Limits, scratch: Path | None = None, reads: Collection[Path] = ()
    ) -> None:
        """This process, for good. Of its descriptors it keeps `keep`; of all files it may write those in `scratch`, and
        read those in `reads` besides the libraries. It dies with its parent, and has one thread so far. Raises OSError
        where the kernel refuses; then nothing of a skill may follow."""
        kernel.die_with_parent(self._made_in if self._made_in != os.getpid() else 0)
        kernel.hide_memory()
        kernel.renounce_privileges()
        if self._ruleset:
            self._ruleset.restrict([*((path, READ) for path in reads), *([(scratch, WRITE)] if scratch else ())])
        close_all_but(keep)
        limits.impose()  # not before: descriptors are closed up to the limit on their number
        if self._calls:
            seccomp.restrict(seccomp.filled_in(self._calls, OWN_PID, os.getpid()))


def close_all_but(keep: Collection[int]) -> None:
    """Of standard input, output and errors, those that are not kept become nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in set(_STANDARD).difference(keep):
        os.dup2(nothing, standard)
    kept = sorted({*_STANDARD, *keep})
    for before, after in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(before + 1, after)
