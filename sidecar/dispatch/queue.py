"""Procrastinate, as a queue of runs between hosts. The only module that imports it.

A job's lock is its run: a job for the next segment waits until the one before is over, processes included. A host whose
renewals stay away is taken for dead, and what it had fetched goes back into the queue.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.worker import Worker
from sqlalchemy.engine import Connection

from sidecar.journal.handing import Handed
from sidecar.store.postgresql import SOCKET

ANY, LEADER = "any", "leader"  # the queues: what any host can execute, and what needs the one with the workspace
SEGMENT = "segment"  # the one task
POLL = 1.0  # seconds; a notification that was lost costs no more
LOOK_AGAIN = 0.02  # seconds between two looks whether a job is over
ANSWERS_WITHIN = 2.0  # seconds that the database has for what keeps this host alive
NEVER = 1e9  # seconds

# How Procrastinate tells of a new job. Of one that is put back it tells nobody: it would be found by polling.
_NEWS = "SELECT pg_notify(%(channel)s, %(payload)s)"
_ANY_QUEUE = "procrastinate_any_queue_v1"
_HEARTBEATS = "SELECT id, last_heartbeat FROM procrastinate_workers"
_JOB = '{"type": "job_inserted", "job_id": 0}'

T = TypeVar("T")

log = logging.getLogger(__name__)


class Queue:
    """`conduct` is called for each run that this host has fetched, on a thread of its own, and returns when the segment
    is over; `stop` ends that from another thread. `on_end` is called when the queue ends, or loses a job, without
    having been told to: then nothing may go on here."""

    def __init__(
        self,
        address: str,
        slots: int,
        *,
        conduct: Callable[[str], None],
        stop: Callable[[str], object],
        on_end: Callable[[str], None],
    ) -> None:
        connector = PsycopgConnector(conninfo=address, kwargs=SOCKET, min_size=1, max_size=4)
        self._app = App(connector=connector)
        self._app.job_manager = _Manager(connector, self._is_lost)
        self._app.task(name=SEGMENT)(self._segment)
        self._deferring = JobManager(SyncPsycopgConnector())  # never opened: it uses the store's own connection
        self._slots = slots
        self._conduct = conduct
        self._stop = stop
        self._on_end = on_end
        self._threads = ThreadPoolExecutor(2 * slots, thread_name_prefix="attempt")
        self._fetching: dict[str, tuple[Worker, asyncio.Task[None]]] = {}  # by queue
        self._heard: dict[int, tuple[datetime, float]] = {}  # each worker's last sign of life, and when we saw it
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="queue", daemon=True)
        self._stopping = False

    # ------------------------------------------------------------ asked from any thread

    def start(self) -> None:
        self._thread.start()
        self._ask(self._app.connector.open_async())

    def fetch(self, queue: str) -> None:
        """From now on fetch from this queue."""
        self._ask(self._fetch(queue))

    def workers(self) -> list[int]:
        """As whom this host fetches, for `forget`."""
        return [worker.worker_id for worker, _ in list(self._fetching.values()) if worker.worker_id is not None]

    def defer(self, connection: Connection, handed: Iterable[Handed]) -> None:
        """As part of the transaction that is under way on this connection."""
        wanted = [_job(run) for run in handed]
        if wanted:
            self._deferring.batch_defer_jobs(wanted, connection=connection.connection.driver_connection)

    def abort(self, run: str, within: float) -> None:
        """Have whoever conducts the run's segment end it; returns when it is over. Raises TimeoutError."""
        self._ask(self._abort(run), within)

    def renew(self) -> None:
        """Tell the others that this host is alive. Raises where that can't be told, or not in time."""
        self._ask(self._renew(), ANSWERS_WITHIN)

    def forget(self, worker: int) -> None:
        """A worker that is known to be dead: what it had fetched needs no wait."""
        self._ask(self._app.job_manager.unregister_worker(worker))

    def listen(self) -> None:
        """Note who has renewed itself since the last time."""
        self._ask(self._listen(), ANSWERS_WITHIN)

    def retry_stalled(self, silent_for: float) -> list[str]:
        """Put back what was fetched by those that have not renewed themselves for so many seconds; which runs. By our
        own steady clock, while we `listen`: the database's may be set, and would have all silent at once."""
        return self._ask(self._retry_stalled(silent_for), ANSWERS_WITHIN)

    def stop(self) -> None:
        """Fetch no more; returns when what was fetched is over (end it meanwhile)."""
        self._stopping = True
        if self._thread.is_alive():
            self._ask(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._threads.shutdown(wait=True)
        self._loop.close()

    def _ask(self, work: Coroutine[Any, Any, T], within: float | None = None) -> T:
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, within), self._loop).result()

    # ------------------------------------------------------------ in the event loop

    async def _fetch(self, queue: str) -> None:
        worker = Worker(
            self._app,
            queues=[queue],
            concurrency=self._slots,
            fetch_job_polling_interval=POLL,
            abort_job_polling_interval=POLL,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=NEVER,  # `renew` does it
            stalled_worker_timeout=NEVER,
        )
        task = asyncio.create_task(self._serve(worker, queue))
        self._fetching[queue] = (worker, task)
        while worker.worker_id is None and not task.done():
            await asyncio.sleep(LOOK_AGAIN)
        if worker.worker_id is None:
            raise ConnectionError(f"this host could not begin to fetch from the queue {queue!r}")

    async def _serve(self, worker: Worker, queue: str) -> None:
        try:
            await worker.run()  # type: ignore[no-untyped-call] # it says no return type
        except Exception as error:  # noqa: BLE001 # whatever it was, it fetches no more
            log.warning("fetching from the queue %r has ended: %r", queue, error)
        self._is_lost(f"nothing is fetched from the queue {queue!r} any more")

    def _is_lost(self, reason: str) -> None:
        if not self._stopping:
            self._on_end(reason)

    async def _segment(self, run: str) -> None:
        conducted = self._loop.run_in_executor(self._threads, self._conduct, run)
        try:
            await asyncio.shield(conducted)
        except asyncio.CancelledError:  # somebody's `abort`
            await asyncio.to_thread(self._stop, run)
            await conducted

    async def _abort(self, run: str) -> None:
        manager = self._app.job_manager
        while fetched := [job for job in await manager.list_jobs_async(lock=run) if job.status == Status.DOING.value]:
            for job in fetched:
                if job.id is not None and not job.abort_requested:
                    await manager.cancel_job_by_id_async(job.id, abort=True)
            await asyncio.sleep(LOOK_AGAIN)

    async def _renew(self) -> None:
        for worker in self.workers():
            await self._app.job_manager.update_heartbeat(worker)

    async def _listen(self) -> None:
        rows = await self._app.connector.execute_query_all_async(_HEARTBEATS)
        heard, now = {row["id"]: row["last_heartbeat"] for row in rows}, time.monotonic()
        known = {worker: seen for worker, (at, seen) in self._heard.items() if heard.get(worker) == at}
        self._heard = {worker: (at, known.get(worker, now)) for worker, at in heard.items()}

    async def _retry_stalled(self, silent_for: float) -> list[str]:
        await self._listen()
        manager, since = self._app.job_manager, time.monotonic() - silent_for
        for worker in [worker for worker, (_, seen) in self._heard.items() if seen < since]:
            await manager.unregister_worker(worker)
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=NEVER))  # those of no worker
        for job in stalled:
            await manager.retry_job(job)
        if stalled:
            await self._app.connector.execute_query_async(_NEWS, channel=_ANY_QUEUE, payload=_JOB)
        return [str(job.task_kwargs["run"]) for job in stalled]

    async def _end(self) -> None:
        for worker, _ in self._fetching.values():
            worker.stop()  # type: ignore[no-untyped-call]
        await asyncio.gather(*(task for _, task in self._fetching.values()))
        await self._app.connector.close_async()


class _Manager(JobManager):
    """`on_lost` is called where the queue can't be told that a job is over: as long as this host lives, nobody would
    get another job for that run."""

    def __init__(self, connector: PsycopgConnector, on_lost: Callable[[str], None]) -> None:
        super().__init__(connector)
        self._on_lost = on_lost

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        try:
            await super().finish_job(job, status, delete_job)
        except Exception as error:
            self._on_lost(f"the queue could not be told that a segment of run {job.lock} is over: {error!r}")
            raise


def has_job(run: sa.ColumnElement[str], *, fetched: bool) -> sa.ColumnElement[bool]:
    """Whether there is a job for this run that a host has fetched, or one that waits for that."""
    jobs = sa.table("procrastinate_jobs", sa.column("lock", sa.Text), sa.column("status"))
    status = Status.DOING if fetched else Status.TODO
    return sa.exists().where(jobs.c.lock == run, sa.cast(jobs.c.status, sa.Text) == status.value)


def _job(run: Handed) -> Job:
    return Job(
        queue=LEADER if run.needs_leader else ANY,
        lock=run.id,
        queueing_lock=None,
        task_name=SEGMENT,
        priority=run.priority,
        task_kwargs={"run": run.id},
    )
