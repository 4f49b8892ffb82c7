"""The way back from a backup, into either kind of database. No sidecar can be asked for that: none may run meanwhile.

What was there is kept beside it: the old store and the old files lie in `.tend/before-TIME/`, to be moved back by hand.
"""

from __future__ import annotations

import gzip
import json
import os
import tarfile
import tempfile
import time
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.caller import PERSON
from sidecar.client import views
from sidecar.client.settings import Settings
from sidecar.hosts.times import TAKE_OVER_AFTER
from sidecar.journal.runs import FINAL, give_up_orphans
from sidecar.lock import AlreadyRunning, take_lock
from sidecar.registry import record_audit
from sidecar.secret_folder import names_in
from sidecar.store import Store, StoreError
from sidecar.store.copying import copy_rows, delete_rows
from sidecar.store.migrate import NewerStore
from sidecar.store.schema import hosts, runs, skills, versions

STORE = ("tend.db", "tend.db-wal", "tend.db-shm")
CHUNK = 1 << 20  # bytes of a backup that are in memory at once


class NotRestored(Exception):
    """Nothing was changed; the message says why."""


def restore(settings: Settings, file: Path) -> views.Restored:
    """Put the workspace back to what it was in this backup. Raises NotRestored."""
    settings.workspace.mkdir(parents=True, exist_ok=True)
    settings.store.mkdir(mode=0o700, exist_ok=True)
    try:
        lock = take_lock(settings.store)
    except AlreadyRunning as error:
        message = f"the sidecar runs, as process {error.pid}: stop it first, so that nothing is written meanwhile"
        raise NotRestored(message) from error
    try:
        with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.store) as folder:
            return _exchange(settings, file, Path(folder), _unpack(file, Path(folder)))
    finally:
        os.close(lock)


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """What the backup says of itself."""
    try:
        _require_whole(file)
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        about: dict[str, Any] = json.loads((folder / "about.json").read_text())
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise NotRestored(f"{file} can't be read as a backup: {error}") from error
    if about.get("format") != 1 or not (folder / "tend.db").is_file():
        raise NotRestored(f"{file} is not a backup that this Tend can read; was it made by a newer one?")
    return about


def _require_whole(file: Path) -> None:
    """Its checksum is at the very end, where an archive's reader never comes."""
    with gzip.open(file) as packed:
        while packed.read(CHUNK):
            pass


def _exchange(settings: Settings, file: Path, fresh: Path, about: dict[str, Any]) -> views.Restored:
    unfinished, live, wanted = _examine(fresh / "tend.db")
    if settings.database_url:
        _require_nobody(settings.database_url)
    aside = settings.store / f"before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    _record(fresh / "tend.db", file, f"as of {about['made_at']}; what was there lies in {aside}")
    (aside / "workspace").mkdir(parents=True)
    (fresh / "workspace").mkdir(exist_ok=True)
    files = sum(path.is_file() for path in (fresh / "workspace").rglob("*"))
    try:
        with ExitStack() as undo:

            def move(old: Path, new: Path) -> None:
                old.rename(new)
                undo.callback(new.rename, old)

            for old in list(settings.workspace.iterdir()):
                if old != settings.store:
                    move(old, aside / "workspace" / old.name)
            for new in list((fresh / "workspace").iterdir()):
                move(new, settings.workspace / new.name)
            if settings.database_url:
                _fill(settings.database_url, fresh / "tend.db", aside / "tend.db")
            else:
                for name in STORE:
                    if (settings.store / name).exists():
                        move(settings.store / name, aside / name)
                move(fresh / "tend.db", settings.store / "tend.db")
            undo.pop_all()
    except (OSError, StoreError, sa.exc.DBAPIError) as error:
        raise NotRestored(f"what was there could not be replaced, and is as it was: {error}") from error
    return views.Restored(
        made_at=datetime.fromisoformat(about["made_at"]),
        made_of=about["workspace"],
        files=files,
        skills=live,
        unfinished=unfinished,
        secrets=tuple(sorted(wanted - names_in(settings.secrets))),
        aside=str(aside),
    )


def _record(copy: Path, file: Path, why: str) -> None:
    """Nobody else is there to say so: the row comes with the store that is put in place. No host has its runs now."""

    def change(connection: Connection) -> None:
        record_audit(connection, time.time(), PERSON, "restored", str(file), why)
        connection.execute(runs.update().values(handed_over=False))
        give_up_orphans(connection, time.time())

    with Store(copy) as store:
        store.write(change)


def _require_nobody(address: str) -> None:
    """Other hosts hold no lock of ours; but they say that they are alive."""
    with Store(address) as store:
        seen = sa.select(hosts.c.name).where(hosts.c.seen_at > time.time() - TAKE_OVER_AFTER)
        if names := ", ".join(row.name for row in store.rows(seen)):
            raise NotRestored(f"the database is in use by {names}: stop the sidecars there first")


def _fill(address: str, backup: Path, aside: Path) -> None:
    """Replace all rows of the server's database, in one transaction; what it had lies in `aside` then."""
    with Store(address) as server, Store(backup) as copy:
        server.database.copy_to(aside)

        def change(target: Connection) -> None:
            delete_rows(target)
            copy.read(lambda source: copy_rows(source, target))

        server.write(change)


def _examine(copy: Path) -> tuple[int, int, frozenset[str]]:
    """How many runs are not over in it, how many skills are live, and which secrets they name; brought to this Tend's
    schema."""
    try:
        with Store(copy) as store:
            if problem := store.database.problem():
                raise NotRestored(f"the store in the backup is damaged: {problem}")
            count = sa.select(sa.func.count())
            unfinished = store.row(count.select_from(runs).where(runs.c.state.not_in(FINAL)))
            live = store.row(count.select_from(skills).where(skills.c.active.is_not(None)))
            active = sa.select(versions.c.manifest).join(skills, skills.c.active == versions.c.hash)
            secrets = [name for row in store.rows(active) for name in (row.manifest or {}).get("secrets", ())]
    except (StoreError, NewerStore) as error:
        raise NotRestored(f"the store in the backup can't be used: {error}") from error
    assert unfinished is not None and live is not None  # noqa: S101 # a count has a row
    return unfinished[0], live[0], frozenset(secrets)
