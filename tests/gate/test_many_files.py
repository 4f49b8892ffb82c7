"""Many files at once, as when a helper was saved: which of them have their verdict is read at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sidecar.checker.manifest import Manifest
from sidecar.checker.report import Report, Snapshot
from sidecar.clock import SystemClock
from sidecar.gate import FEW, Gate
from sidecar.moments import Moments
from sidecar.registry import Registry
from sidecar.store import Store
from tests.support.postgresql import database
from tests.support.waiting import wait_until

NAMES = [f"skill_{number}" for number in range(FEW + 1)]
PATHS = frozenset(f"skills/{name}.py" for name in NAMES)
SLOW = b"slow"


class Passes:
    """Each file is good; whose text is `slow` has its verdict once that is allowed."""

    def __init__(self) -> None:
        self.judged: list[str] = []
        self.live: list[str] = []
        self.begun, self.may_end = threading.Event(), threading.Event()

    def check(self, snapshot: Snapshot) -> Report:
        self.judged.append(snapshot.skill)
        if SLOW in snapshot.files.values():
            self.begun.set()
            self.may_end.wait()
        manifest = Manifest(name=snapshot.skill, purpose="", takes_input=False)
        return Report(skill=snapshot.skill, hash=snapshot.hash, manifest=manifest)


@contextmanager
def gate_over(workspace: Path) -> Iterator[tuple[Gate, Registry, Passes]]:
    (workspace / "skills").mkdir()
    for path in PATHS:
        (workspace / path).write_text("good")
    with closing(Moments()) as moments, Store(database(workspace)) as store:
        registry, checker = Registry(store, SystemClock()), Passes()
        gate = Gate(workspace, store, registry, checker, moments, checker.live.append)
        try:
            gate.changed(PATHS)
            wait_until(lambda: registry.judged().keys() == set(NAMES), "all are judged")
            yield gate, registry, checker
        finally:
            checker.may_end.set()
            gate.stop()


def test_what_has_its_verdict_is_not_judged_again(tmp_path: Path) -> None:
    with gate_over(tmp_path) as (gate, registry, checker):
        (tmp_path / "skills/skill_3.py").write_text("other")
        before = registry.active("skill_3")
        gate.changed(PATHS)
        wait_until(lambda: registry.active("skill_3") != before, "the other bytes are live")
        assert sorted(checker.judged) == sorted([*NAMES, "skill_3"])


def test_one_that_is_put_back_while_its_other_bytes_are_judged_is_live_as_it_is(tmp_path: Path) -> None:
    with gate_over(tmp_path) as (gate, registry, checker):
        file, before = tmp_path / "skills/skill_3.py", registry.active("skill_3")
        file.write_bytes(SLOW)
        gate.changed(frozenset({"skills/skill_3.py"}))
        assert checker.begun.wait(60)
        file.write_text("good")
        gate.changed(PATHS)
        checker.may_end.set()
        wait_until(lambda: checker.live.count("skill_3") == 3, "the good bytes, the slow ones, the good ones again")
        assert registry.active("skill_3") == before


def test_a_file_whose_name_is_no_text_keeps_no_other_from_its_verdict(tmp_path: Path) -> None:
    with gate_over(tmp_path) as (gate, _, checker):
        odd = os.fsdecode(b"caf\xe9")
        for name in (odd, "zebra"):
            (tmp_path / "skills" / f"{name}.py").write_text("good")
        assert gate.names_on_disk() == sorted([*NAMES, "zebra"])
        gate.changed(frozenset({f"skills/{odd}.py", "skills/zebra.py"}))
        wait_until(lambda: "zebra" in checker.live, "the other has its verdict")
