"""Once a day, finished runs older than `keep_runs_days` are forgotten; the sidecar does it by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.client import Refused, SettingsError, load_settings
from sidecar.store.schema import audit, runs
from tests.fundamentals.test_11_calls import ORDERS
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until


def test_a_run_that_is_old_at_start_is_gone_soon_after(sidecar: LiveSidecar) -> None:
    sidecar.put("kept", ORDERS.replace("NAME", "kept"))
    old, young = (sidecar.run("kept", {"item": "pens"}).run.id for _ in range(2))
    sidecar.stop()
    long_ago = {"created_at": runs.c.created_at - 91 * 86400, "ended_at": runs.c.ended_at - 91 * 86400}
    sidecar.change_store(runs.update().where(runs.c.id == old).values(**long_ago))
    sidecar.start()
    pruned = sa.select(audit.c.why).where(audit.c.what == "prune")
    wait_until(lambda: sidecar.query(pruned), "the old run is pruned")
    with pytest.raises(Refused, match="there is no run"):
        sidecar.client.run(old)
    assert [run.id for run in sidecar.client.runs(skill="kept")] == [young]
    assert sidecar.run("kept", {"item": "pens"}).output == "1 pens", "its version is still there"


def test_less_than_the_review_reads_can_not_be_kept(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="keep_runs_days is '7'; 15 is the least"):
        load_settings(workspace=tmp_path, environment={"TEND_KEEP_RUNS_DAYS": "7"})
