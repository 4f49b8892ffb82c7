"""The server is stopped, can't be reached, or breaks a connection: a host waits for it, ends when told to, and loses no
run for that."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from sidecar.client import SettingsError, load_settings
from sidecar.client.views import FINAL
from sidecar.store import Store, StoreError
from sidecar.store.schema import runs
from tests.hosts.fleet import Fleet, executed_by, put_steps
from tests.support import postgresql
from tests.support.proxy import Proxy
from tests.support.sink import Sink
from tests.support.waiting import wait_until

ENDS_WITHIN = 10.0  # seconds
NAPS = '''"""Two segments."""

from datetime import timedelta

from skills import Run, skill


@skill()
def naps(run: Run) -> str:
    run.sleep(timedelta(seconds=1))
    return "awake"
'''
DEAF = """
    CREATE FUNCTION be_deaf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'what did you say?'; END $$;
    CREATE TRIGGER deaf BEFORE DELETE ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION be_deaf();
"""
BREAK = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tend'"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(postgresql.socket_file()) as between:
        yield between


def test_a_host_waits_for_its_database_as_long_as_it_takes(fleet: Fleet) -> None:
    host = fleet.host("leader")
    postgresql.stop("immediate")
    try:
        wait_until(lambda: host.said().count("Tried again") >= 3 or not host.alive, "it tries again", within=60)
        assert host.alive, host.said()
    finally:
        postgresql.start()
    wait_until(host.answers, "it is there again", within=60)


def test_a_host_ends_when_told_to_while_its_database_is_away(fleet: Fleet) -> None:
    host = fleet.host("leader")
    postgresql.stop()
    try:
        host.ask_to_stop()
        wait_until(lambda: not host.alive, "it has ended", within=ENDS_WITHIN)
    finally:
        postgresql.start()
    assert host.exit_status() in (0, -signal.SIGTERM), (
        "the latter where it had started anew, and waits for the database"
    )


def test_a_host_ends_when_told_to_while_it_is_cut_off(proxy: Proxy, fleet: Fleet, sink: Sink) -> None:
    host = fleet.host("leader", database_url=postgresql.through(proxy.port, fleet.database_url))
    put_steps(host, sink)
    held = sink.hold("/0")
    host.client.run_skill("steps", 1)
    wait_until(lambda: sink.count("/0") == 1, "it executes something")
    proxy.cut()
    host.ask_to_stop()
    wait_until(lambda: not host.alive, "it has ended", within=ENDS_WITHIN)
    held.set()
    assert host.exit_status() in (0, -signal.SIGTERM), (
        "the latter where it had started anew, and waits for the database"
    )


def test_a_segment_whose_end_the_queue_has_not_heard_of_keeps_no_other_from_it(fleet: Fleet) -> None:
    host = fleet.host("leader")
    host.put("naps", NAPS)
    with psycopg.connect(fleet.database_url, autocommit=True) as connection:
        connection.execute(DEAF)
        run = host.client.run_skill("naps").id
        wait_until(lambda: "starts anew" in host.said(), "it says that it was lost")
        connection.execute("DROP TRIGGER deaf ON procrastinate_jobs")
    wait_until(host.answers, "it is there again", within=60)
    assert host.ended(run, within=60).output == "awake"


def test_a_broken_connection_is_no_fault_of_the_run(fleet: Fleet, sink: Sink) -> None:
    """Whichever host has executed it; a run that has died three times at one step would fail."""
    leader = fleet.host("leader", workers="1")
    fleet.host("worker", worker=True)
    put_steps(leader, sink)
    started = [leader.client.run_skill("steps", 60).id for _ in range(4)]
    while not any("worker" in hosts[:-1] for hosts in executed_by(leader, started).values()):
        more_steps(sink, sink.paths().total() + 4)
        break_connections(fleet)
    wait_until(lambda: all(leader.state(run) in FINAL for run in started), "all end", within=120)
    assert [leader.state(run) for run in started] == ["succeeded"] * 4
    assert fleet.query(sa.select(sa.func.sum(runs.c.deaths))) == [(0,)]


def more_steps(sink: Sink, count: int) -> None:
    wait_until(lambda: sink.paths().total() >= count, f"{count} steps are begun", within=60)


def test_a_server_that_has_no_connection_left_is_waited_for(fleet: Fleet, sink: Sink) -> None:
    host = fleet.host("leader")
    put_steps(host, sink)
    sink.forget()
    held = sink.hold("/3")
    started = [host.client.run_skill("steps", 6).id for _ in range(3)]
    wait_until(lambda: sink.count("/3") == 3, "they are under way")
    with ExitStack() as taken:

        def find_none() -> bool:
            take_all(fleet.database_url, taken)
            return "too many clients" in host.said() or not host.alive

        own = taken.enter_context(psycopg.connect(fleet.database_url, autocommit=True))
        take_all(fleet.database_url, taken)
        own.execute(BREAK)
        wait_until(find_none, "it finds no connection", within=60)
        assert host.alive, host.said()
        with pytest.raises(StoreError, match="too many clients"):
            Store(fleet.database_url)
        held.set()
    wait_until(host.answers, "it is there again", within=60)
    assert [host.ended(run, within=120).run.state for run in started] == ["succeeded"] * 3
    assert max(sink.paths().values()) <= 2 * len(started), "one step of each was under way"


def take_all(address: str, taken: ExitStack) -> None:
    """Whatever connections the server still has to give."""
    with suppress(psycopg.OperationalError):
        while True:
            taken.enter_context(psycopg.connect(address))


def test_a_password_is_never_told() -> None:
    for address in ("postgresql://tend:s3cret@127.0.0.1:1/tend", "postgresql://127.0.0.1:1/tend?password=s3cret"):
        with pytest.raises(StoreError, match=r"127\.0\.0\.1") as refused:
            Store(address)
        assert "s3cret" not in str(refused.value)


def test_a_store_writes_again_when_its_server_is_back() -> None:
    with Store(postgresql.new_database()) as store:
        postgresql.stop()
        try:
            for _ in range(2):  # the first one finds the connection broken, the second one can have no other
                with pytest.raises(StoreError, match="not on disk"):
                    store.write(lambda connection: connection.scalar(sa.text("SELECT 1")))
        finally:
            postgresql.start()
        assert store.write(lambda connection: connection.scalar(sa.text("SELECT 1"))) == 1


@pytest.mark.parametrize("whole", [False, True])
def test_a_change_whose_end_is_not_heard_of_is_told_as_neither(proxy: Proxy, *, whole: bool) -> None:
    """The server has committed it, and the reply is lost."""
    address = postgresql.new_database()
    with Store(postgresql.through(proxy.port, address)) as store, psycopg.connect(address, autocommit=True) as beside:
        beside.execute("CREATE TABLE kept (one integer)")
        proxy.lose_reply("INSERT INTO kept" if whole else "COMMIT\0")
        with pytest.raises(StoreError, match="whether the change is on disk is not known"):
            store.write(lambda connection: connection.exec_driver_sql("INSERT INTO kept VALUES (1)"), whole=whole)
        wait_until(lambda: beside.execute("SELECT count(*) FROM kept").fetchone() == (1,), "it is")
        assert store.write(lambda connection: connection.scalar(sa.text("SELECT 1"))) == 1


@pytest.mark.parametrize("address", ["mysql://tend:s3cret@db/tend", "postgresql://tend:s3cret@db:port/tend"])
def test_an_address_that_is_none_is_refused_by_name(address: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="database_url is no address like postgresql://") as refused:
        load_settings(workspace=tmp_path, environment={"TEND_DATABASE_URL": address})
    assert "s3cret" not in str(refused.value)


def break_connections(fleet: Fleet) -> None:
    """Those of the hosts' stores."""
    with psycopg.connect(fleet.database_url, autocommit=True) as connection:
        connection.execute(BREAK)
