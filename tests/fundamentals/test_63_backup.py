"""Everything in one file while the sidecar works, and the way back."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.backup import make_backup
from sidecar.client import Refused
from sidecar.client.restore import NotRestored, restore
from sidecar.store import Store
from sidecar.store.schema import audit, runs
from tests.fundamentals.test_10_schedules import ticking
from tests.fundamentals.test_11_calls import ORDERS
from tests.support.live_sidecar import LiveSidecar


def orders(name: str) -> str:
    return ORDERS.replace("NAME", name)


@pytest.fixture
def live(tmp_path: Path) -> LiveSidecar:
    return LiveSidecar(tmp_path)


def test_a_workspace_comes_back_as_it_was(live: LiveSidecar, tmp_path: Path) -> None:
    file = tmp_path / "tend.backup"
    with live:
        live.put("orders", orders("orders"))
        live.put("ticker", ticking("ticker", seconds=1))
        done = live.run("orders", {"item": "pens"}).run.id
        waits = live.client.run_skill("orders", {"item": "ink", "ask": True}).id
        live.approval(waits)
        (live.workspace / "memory" / "note.md").write_text("before")
        (live.workspace / "link").symlink_to("/etc/hostname")
        made = live.client.backup(file)
        assert (made.path, made.skipped) == (str(file), ("link",))
        assert file.stat().st_mode & 0o777 == 0o600
        assert live.query(sa.select(audit.c.subject).where(audit.c.what == "backup"))[0].subject == str(file)
        live.client.remove("orders")
        live.put("later", orders("later"))
        (live.workspace / "memory" / "note.md").write_text("after")
        live.stop()
        told = restore(live.client.settings, file)
        assert (told.skills, told.unfinished >= 1) == (4, True)
        live.start()
        (row,) = live.client.audit(what="restored")
        assert (row.who, row.subject) == ("person", str(file))
        assert told.aside in row.why
        assert {skill.name for skill in live.client.skills()} == {"orders", "ticker", "agent", "weekly_review"}
        assert live.state(done) == "succeeded"
        assert (live.workspace / "memory" / "note.md").read_text() == "before"
        live.client.answer(live.approval(waits).id, "yes")
        assert live.ended(waits).output == "1 ink", "what was under way goes on"
        aside = Path(told.aside)
        assert (aside / "tend.db").is_file()
        assert (aside / "workspace" / "skills" / "later.py").is_file()
        assert (aside / "workspace" / "memory" / "note.md").read_text() == "after"
        live.client.remove("ticker")


def test_a_file_that_is_there_is_not_overwritten(sidecar: LiveSidecar, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("dear")
    with pytest.raises(Refused, match="exists already"):
        sidecar.client.backup(tmp_path / "mine")
    with pytest.raises(Refused, match="there is no folder"):
        sidecar.client.backup(tmp_path / "nowhere" / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_nothing_is_restored_while_the_sidecar_runs(sidecar: LiveSidecar, tmp_path: Path) -> None:
    sidecar.client.backup(tmp_path / "file")
    with pytest.raises(NotRestored, match=f"the sidecar runs, as process {sidecar.pid}"):
        restore(sidecar.client.settings, tmp_path / "file")


def _no_archive(path: Path) -> None:
    path.write_bytes(b"nothing of the kind")


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2_000])


def _a_stretch_overwritten(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    path.write_bytes(content)


def _another_sum(path: Path) -> None:
    """What is unpacked is not what was packed, as gzip says in its last eight bytes."""
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)


def _of_a_newer_tend(path: Path) -> None:
    about = path.with_name("about.json")
    about.write_text(json.dumps({"format": 2}))
    with tarfile.open(path, "w:gz") as archive:
        archive.add(about, "about.json")


@pytest.mark.parametrize("spoil", [_no_archive, _cut_off, _a_stretch_overwritten, _another_sum, _of_a_newer_tend])
def test_what_is_no_backup_changes_nothing(live: LiveSidecar, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    file = tmp_path / "file"
    with live:
        live.put("orders", orders("orders"))
        live.client.backup(file)
        live.stop()
        spoil(file)
        with pytest.raises(NotRestored):
            restore(live.client.settings, file)
        live.start()
        assert live.active("orders")
        assert list((live.workspace / ".tend").glob("before-*")) == []


def test_runs_that_another_kind_of_store_had_handed_over_go_on(live: LiveSidecar, tmp_path: Path) -> None:
    """As a backup of a server has them: by a host's queue, which is not there any more."""
    file = tmp_path / "tend.backup"
    with live:
        live.put("orders", orders("orders"))
        waits = live.client.run_skill("orders", {"item": "ink", "ask": True}).id
        live.approval(waits)
        live.stop()
        with Store(live.client.settings.database) as store:
            handed = runs.update().where(runs.c.id == waits)
            queued = handed.values(state="queued", reason=None, handed_over=True, admitted=True)
            store.write(lambda connection: connection.execute(queued))
            make_backup(store, live.client.settings, file, datetime.now(UTC))
        restore(live.client.settings, file)
        live.start()
        live.client.answer(live.approval(waits).id, "yes")
        assert live.ended(waits).output == "1 ink"


def test_what_can_not_be_replaced_is_left_as_it_was(live: LiveSidecar, tmp_path: Path) -> None:
    file = tmp_path / "tend.backup"
    with live:
        live.put("orders", orders("orders"))
        live.client.backup(file)
        live.put("later", orders("later"))
        live.stop()
        mounted = live.workspace / "memory"
        if subprocess.run(["mount", "--bind", mounted, mounted], check=False).returncode:
            pytest.skip("nothing can be mounted here")
        try:
            with pytest.raises(NotRestored, match="is as it was"):
                restore(live.client.settings, file)
        finally:
            subprocess.run(["umount", mounted], check=True)
        live.start()
        assert live.active("later")
        assert live.file("later").exists()


def test_two_backups_at_once_are_both_whole(live: LiveSidecar, tmp_path: Path) -> None:
    with live, ThreadPoolExecutor(4) as pool:
        live.put("orders", orders("orders"))
        files = [tmp_path / f"{number}.backup" for number in range(4)]
        assert [made.path for made in pool.map(live.client.backup, files)] == [str(file) for file in files]
        for file in files:
            with tarfile.open(file) as archive:
                assert "workspace/skills/orders.py" in archive.getnames()
