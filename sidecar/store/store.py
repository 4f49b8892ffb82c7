"""`Store`: one writing connection, group commit, readers beside it.

`write` returns once its change is on disk. Callers that write at the same instant share one transaction and one
sync: whoever gets the turn commits for all who wait at that moment. A caller alone pays for no thread switch.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, Self, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.failpoints import failpoint
from sidecar.store import schema
from sidecar.store.database import for_people, open_database
from sidecar.store.migrate import migrate
from sidecar.store.prepared import NOTHING, Prepared, Row, execute_text
from sidecar.store.values import insert

log = logging.getLogger(__name__)

T = TypeVar("T")
Query: TypeAlias = sa.Select[*tuple[Any, ...]] | Prepared


class StoreError(Exception):
    """The store could not be opened, or a change could not be made durable, or whether it is has not been heard."""


@dataclass(eq=False)
class _Change(Generic[T]):
    act: Callable[[Connection], T]
    lazy: bool = False  # nobody waits for it
    whole: bool = False  # it is one statement, which needs no turn
    done: bool = False
    result: T | None = None
    error: BaseException | None = field(default=None)


class Store:
    """Opens (and migrates) the database at `where`: SQLite's file, by its path, or a server's address. Close it, or use
    it as a context manager."""

    def __init__(self, where: Path | str) -> None:
        self.database = open_database(where)
        self._engine = self.database.engine
        try:
            self._writer = self._engine.connect()
            with self.database.migrating(self._writer):
                migrate(self._writer)
        except sa.exc.DatabaseError as error:
            self._engine.dispose()
            raise StoreError(
                f"{for_people(where)} can't be used as the store: {error.orig}. {self.database.way_out}"
            ) from error
        self._waiting: deque[_Change[Any]] = deque()
        self._waiting_lazily: deque[_Change[Any]] = deque()
        self._turn = threading.Lock()
        self._lazy = threading.Event()
        self._closed = False
        self._committing = False  # from here on a connection that is lost leaves it open what came of the change
        self.trouble: str | None = None  # why the last change did not come to be on disk; None: it did
        self._flusher = threading.Thread(target=self._flush_lazily, name="store-flusher", daemon=True)
        self._flusher.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what waits, and close. Further calls do nothing."""
        if self._closed:
            return
        self._closed = True
        self._lazy.set()
        self._flusher.join()
        with self._turn:
            self._commit_waiting()
            self._writer.close()
        self._engine.dispose()

    def write(self, act: Callable[[Connection], T], *, whole: bool = False) -> T:
        """Run `act` in a transaction; return its result once it is on disk. An exception of `act` undoes `act`
        alone and is raised here. A `whole` one is a single statement that minds by itself what others write at the same
        instant: a database that keeps each statement at once needs no transaction around it."""
        change = _Change(act, whole=whole)
        self._bring_about([change])
        if change.error is not None:
            raise change.error
        return change.result  # type: ignore[return-value] # set where there is no error

    def write_each(self, acts: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Each as by `write`, in one transaction with one sync; of each its result, or what it raised: that undoes it
        alone."""
        changes = [_Change(act) for act in acts]
        self._bring_about(changes)
        told: list[T | Exception] = []
        for change in changes:
            if change.error is not None and not isinstance(change.error, Exception):
                raise change.error
            told.append(change.error or change.result)  # type: ignore[arg-type] # set where there is no error
        return told

    def write_lazily(self, act: Callable[[Connection], Any]) -> Callable[[], bool]:
        """Let `act` join the next commit, within 50 ms: for what is only shown, and derived again after a crash. What
        is returned withdraws it, and tells whether that was in time."""
        change = _Change(act, lazy=True)
        self._waiting_lazily.append(change)
        self._lazy.set()
        return partial(self._withdraw, change)

    def read(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a reading connection: it sees what was on disk when it began."""
        with self._reader() as connection:
            self.database.begin_reading(connection)
            try:
                return act(connection)
            finally:
                if not connection.invalidated:
                    execute_text(connection, "ROLLBACK")

    def rows(self, query: Query, values: Mapping[str, Any] = NOTHING) -> Sequence[Row]:
        with self._reader() as connection:  # one statement sees one moment by itself
            if isinstance(query, Prepared):
                return query.rows(connection, values)
            return connection.execute(query, values).all()

    def row(self, query: Query, values: Mapping[str, Any] = NOTHING) -> Row | None:
        """The first one."""
        with self._reader() as connection:
            if isinstance(query, Prepared):
                return query.row(connection, values)
            return connection.execute(query, values).first()

    def _reader(self) -> Connection:
        try:
            return self._engine.connect()
        except sa.exc.TimeoutError as error:
            raise StoreError(f"no connection came free to read by: {error}") from error

    def _bring_about(self, changes: Sequence[_Change[Any]]) -> None:
        """Or find, when it is our turn, that others have taken them along."""
        self._waiting.extend(changes)
        with self._turn:
            if not all(change.done for change in changes):
                self._commit_waiting()

    def _withdraw(self, change: _Change[Any]) -> bool:
        try:
            self._waiting_lazily.remove(change)
        except ValueError:
            return False
        return True

    def _commit_waiting(self) -> None:
        changes = _all_of(self._waiting)
        whole = len(changes) == 1 and changes[0].whole
        if not whole:
            changes = [*_all_of(self._waiting_lazily), *changes]
        if not changes:
            return
        self._committing = False
        try:
            self._connect()
            with self._one_whole() if whole else self._transaction():
                if len(changes) == 1:
                    self._apply_alone(changes[0])
                else:
                    for change in changes:
                        self._apply(change)
            self.trouble = None
        except Exception as error:  # noqa: BLE001 # raised again in each thread that waits
            with suppress(sa.exc.SQLAlchemyError):
                self._writer.exec_driver_sql("ROLLBACK")
            unheard = self._committing and self._writer.invalidated
            told = "whether the change is on disk is not known" if unheard else "the change is not on disk"
            for change in changes:
                change.error = change.error or StoreError(f"{told}: {_cause(error)}")
            if isinstance(error, sa.exc.OperationalError) or changes[0].error is not error:
                self.trouble = _cause(error)
        for change in changes:
            change.done = True
            if change.lazy and change.error is not None:
                log.warning("a change that nobody waits for was not made: %s", change.error)

    def _connect(self) -> None:
        """Anew, where the last connection was lost; it is closed where none could be had the last time."""
        if self._writer.invalidated or self._writer.closed:
            self._writer.close()
            self._writer = self._engine.connect()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.database.begin(self._writer)
        yield
        failpoint("store.commit.before")
        self._committing = True
        execute_text(self._writer, "COMMIT")
        failpoint("store.commit.after")

    @contextmanager
    def _one_whole(self) -> Iterator[None]:
        failpoint("store.commit.before")
        self._committing = True
        yield
        failpoint("store.commit.after")

    def _apply_alone(self, change: _Change[Any]) -> None:
        """The transaction is its own: an exception undoes that."""
        try:
            change.result = change.act(self._writer)
        except Exception as error:
            if not self._writer.invalidated:  # else it was the connection, and the change is not to blame
                change.error = error
            raise

    def _apply(self, change: _Change[Any]) -> None:
        execute_text(self._writer, "SAVEPOINT change")
        try:
            change.result = change.act(self._writer)
        except Exception as error:
            if self._writer.invalidated:
                raise  # it was the connection: nothing of what waits is on disk
            change.error = error
            execute_text(self._writer, "ROLLBACK TO change")
        execute_text(self._writer, "RELEASE change")

    def _flush_lazily(self) -> None:
        """Commit what nobody else's commit has taken along, or its owner withdrawn, in 30 ms."""
        pause = threading.Event()
        while not self._closed:
            self._lazy.wait()
            self._lazy.clear()
            oldest = self._oldest()
            pause.wait(0.03)
            if oldest is not None and oldest is self._oldest():
                with self._turn:
                    self._commit_waiting()

    def _oldest(self) -> _Change[Any] | None:
        with suppress(IndexError):
            return self._waiting_lazily[0]
        return None


def _all_of(waiting: deque[_Change[Any]]) -> list[_Change[Any]]:
    """Taken one by one: others add to it meanwhile."""
    taken = []
    with suppress(IndexError):
        while True:
            taken.append(waiting.popleft())
    return taken


def _cause(error: Exception) -> str:
    return str(error.orig if isinstance(error, sa.exc.DBAPIError) else error)


def put_blob(connection: Connection, content: bytes) -> str:
    """Keep `content` once, under its sha256; return that."""
    digest = sha256(content).hexdigest()
    row = insert(connection, schema.blobs).values(hash=digest, content=content)
    connection.execute(row.on_conflict_do_nothing())
    return digest


def get_blob(connection: Connection, digest: str) -> bytes:
    content: bytes = connection.execute(
        sa.select(schema.blobs.c.content).where(schema.blobs.c.hash == digest)
    ).scalar_one()
    return content
