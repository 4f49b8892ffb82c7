"""Runs by Alembic: the migrations share the connection that the store opened."""

from __future__ import annotations

from alembic import context

from sidecar.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
