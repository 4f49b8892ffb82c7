"""What ships with Tend is held back from nothing, and people are told when it fails, once, and when it is well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.client import load_settings
from sidecar.clock import SystemClock
from sidecar.journal.admission import create, new_run
from sidecar.journal.runs import end
from sidecar.moments import Moments
from sidecar.quarantine.breaker import Policy
from sidecar.quarantine.count import count_end, held_back
from sidecar.quarantine.settle import Quarantine
from sidecar.registry import Registry
from sidecar.shipped import AGENT_SKILL, REVIEW_SKILL, register_shipped
from sidecar.store import Store
from sidecar.store.schema import notices, runs
from skills.wire import ErrorInfo
from tests.support.postgresql import database

FAILURE = ErrorInfo(type="ConnectFailed", message="the model was not reached")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(database(tmp_path)) as opened:
        register_shipped(Registry(opened, SystemClock()), load_settings(workspace=tmp_path, environment={}))
        yield opened


def ends(store: Store, skill: str, error: ErrorInfo | None = None) -> None:
    """A run of it, and what follows from its end."""
    clock = SystemClock()
    active = Registry(store, clock).active(skill)
    assert active is not None

    def change(connection: sa.Connection) -> None:
        run = create(connection, new_run(skill, active.version, active.manifest, trigger="call"), clock.now())
        end(connection, run, "failed" if error else "succeeded", clock.now(), error=error)
        count_end(connection, connection.execute(sa.select(runs).where(runs.c.id == run)).one(), clock.now(), error)

    store.write(change)
    Quarantine(store, clock, Moments(), Policy(failures=2, cool_down=3600.0)).settle()


def told(store: Store) -> list[tuple[str, str]]:
    return [(row.kind, row.skill) for row in store.rows(sa.select(notices).order_by(notices.c.at))]


@pytest.mark.parametrize("skill", [AGENT_SKILL, REVIEW_SKILL])
def test_its_first_failure_is_told_and_its_recovery_and_it_is_never_held_back(store: Store, skill: str) -> None:
    for _ in range(4):
        ends(store, skill, FAILURE)
    assert told(store) == [("failed", skill)]
    assert store.read(lambda connection: held_back(connection, skill, SystemClock().now())) is None
    ends(store, skill)
    assert told(store) == [("failed", skill), ("recovered", skill)]
