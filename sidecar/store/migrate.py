"""Brings a store to the schema of this program; refuses one from a newer program."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from sidecar.failpoints import failpoint

FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()  # what a migration is given by Alembic is global


class NewerStore(Exception):
    """The store was written by a newer Tend."""


def migrate(connection: Connection) -> None:
    """Apply the migrations that this store has not had, all of them or none: a store that was left half way by a kill
    could not be opened again. Does nothing, fast, where it has had all."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    head = scripts.get_current_head()
    if current == head:
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise NewerStore(f"the store is at revision {current!r}, this Tend knows up to {head!r}. Update Tend.")
    connection.exec_driver_sql("BEGIN")
    try:
        with _ONE_AT_A_TIME:
            command.upgrade(config, "head")
        failpoint("store.migrate.before")
    except BaseException:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
