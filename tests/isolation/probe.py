"""`python -m tests.isolation.probe`: what each tier and a box deny, as a table, beside the same attempts outside.

outside    a forked process that nothing holds: what succeeds here shows that the attempt is a real one
limited …  a forked process that is locked in to that tier, as a worker is
box        one that is held as a program in a box is; it may fork, execute, make pipes and memory of its own
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from rich.console import Console
from rich.table import Table

from sidecar.isolation import box, kernel, seccomp
from sidecar.isolation.box import obstacle
from sidecar.isolation.calls import PROGRAM_RULES
from sidecar.isolation.landlock import WRITE, Ruleset
from sidecar.isolation.limits import Limits
from sidecar.isolation.lock_in import LockIn, close_all_but
from sidecar.isolation.tiers import TIERS, reached
from tests.isolation.attempts import Attempt
from tests.isolation.attempts.files import FILES
from tests.isolation.attempts.kernel import KERNEL
from tests.isolation.attempts.network import NETWORK
from tests.isolation.attempts.processes import PROCESSES
from tests.isolation.stage import Stage, staged

ALL: tuple[Attempt, ...] = (*FILES, *PROCESSES, *NETWORK, *KERNEL)
WITHIN = 20.0  # seconds for one attempt
_SHOWN = {"done": "[yellow]done[/]", "denied": "[green]denied[/]"}

Place: TypeAlias = Literal["outside", "limited", "filtered", "locked", "box"]
Outcome: TypeAlias = Literal["done", "denied"]
Hold: TypeAlias = Callable[[int, Path], None]  # this process, but for a descriptor and its scratch folder


def places() -> list[Place]:
    """Outside, the tiers of this machine, and a box where it has one."""
    tiers: list[Place] = ["outside", *TIERS[: TIERS.index(reached().tier) + 1]]
    return tiers if obstacle() else [*tiers, "box"]


def probe(place: Place) -> dict[str, Outcome]:
    """What becomes of each attempt there, by its name."""
    with staged() as stage:
        hold = _hold(place)
        return {attempt.name: _forked(attempt, stage, hold) for attempt in ALL}


def _hold(place: Place) -> Hold:
    if place == "outside":
        return lambda _writing, _scratch: None
    if place == "box":
        return _box_in
    lock_in = LockIn(place)

    def close(writing: int, scratch: Path) -> None:
        os.setsid()
        lock_in.close([writing], limits=Limits(), scratch=scratch)

    return close


def _box_in(writing: int, scratch: Path) -> None:
    """What it is held by, up to the program."""
    box._unshare()
    if child := os.fork():
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    close_all_but({writing})
    kernel.renounce_privileges()
    Limits().impose()
    Ruleset(box._places()).restrict([(scratch, WRITE)])
    seccomp.restrict(seccomp.compiled(PROGRAM_RULES, seccomp.ALLOW))


def _forked(attempt: Attempt, stage: Stage, hold: Hold) -> Outcome:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            hold(writing, stage.scratch)
            os.write(writing, b"tries")
            attempt.try_it(stage)
            os._exit(0)
        except (OSError, ValueError):  # the latter by resource.setrlimit
            os._exit(1)
        finally:
            os._exit(2)
    os.close(writing)
    try:
        _, status = _ended(child)
    finally:
        said = os.read(reading, 100)
        os.close(reading)
    assert said == b"tries", f"{attempt.name}: it was not locked in"
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 1), f"{attempt.name}: its process ended with {code}"
    return "done" if code == 0 else "denied"


def _ended(child: int) -> tuple[int, int]:
    descriptor = os.pidfd_open(child)
    ready, _, _ = select.select([descriptor], [], [], WITHIN)
    os.close(descriptor)
    if not ready:
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.isolation.probe", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the outcomes by place and attempt")
    given = parser.parse_args()
    found = {place: probe(place) for place in places()}
    if given.json:
        print(json.dumps(found, indent=1))
        return 0
    shown = Table("attempt", *found, title=f"{len(ALL)} attempts as user {os.getuid()}", title_justify="left")
    for attempt in ALL:
        shown.add_row(attempt.name, *(_SHOWN[outcomes[attempt.name]] for outcomes in found.values()))
    shown.add_section()
    shown.add_row("denied", *(str([*outcomes.values()].count("denied")) for outcomes in found.values()))
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
