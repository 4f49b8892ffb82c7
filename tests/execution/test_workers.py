"""The worker that is forked ahead, when its zygote has died, and when the machine has no room for another."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.execution.lines import Lines
from sidecar.execution.workers import Worker, Workers, WorkersUnavailable
from sidecar.execution.zygote import hold
from sidecar.isolation import kernel
from skills.wire import Code, End, Json, Question, Start, Succeeded
from tests.support.waiting import wait_until

INTERPRETER = """
import sys
from skills import Run, skill

@skill()
def look(run: Run) -> dict[str, object]:
    flags = sys.flags
    return {
        "order": list({f"name {number}" for number in range(20)}),
        "utf8": flags.utf8_mode,
        "kept out": [flags.safe_path, flags.no_user_site, [each for each in sys.path if each in ("", ".", "/")]],
    }
"""


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with closing(Workers(tmp_path / "workers.lock", tmp_path / "scratch")) as made:
        made.start()
        yield made


def kill_the_zygote(workers: Workers) -> None:
    (zygote,) = workers._zygotes.values()
    os.kill(zygote.pid, signal.SIGKILL)
    wait_until(lambda: not zygote.alive, "it is dead")


def end(workers: Workers, worker: Worker) -> None:
    assert workers.kill(worker) == -signal.SIGKILL
    worker.clear_away()


def test_it_is_taken_and_another_one_is_forked(workers: Workers) -> None:
    ahead = workers._next
    worker = workers.spawn()
    assert worker is ahead
    assert workers._next not in (None, ahead)
    end(workers, worker)


def test_one_that_outlives_its_zygote_ends_before_the_next_zygote_starts(workers: Workers, tmp_path: Path) -> None:
    """It holds the lock until its conversation ends; here the test holds that in its place."""
    ahead = workers._next
    assert ahead is not None
    kill_the_zygote(workers)
    lock = hold(tmp_path / "workers.lock")

    def outlive() -> None:
        wait_until(lambda: ahead.sock.fileno() == -1, "its conversation ends")
        os.close(lock)

    outliving = threading.Thread(target=outlive)
    outliving.start()
    worker = workers.spawn()
    outliving.join()
    assert worker is not ahead
    end(workers, worker)


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_free = os.dup(0)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_zygote_that_has_no_room_says_so_and_lives_on(workers: Workers) -> None:
    zygote = workers.pid
    assert zygote is not None
    assert workers._next is not None
    workers._next.spawned.wait(10)
    before = resource.prlimit(zygote, resource.RLIMIT_NOFILE)
    held = {int(entry.name) for entry in Path(f"/proc/{zygote}/fd").iterdir()}
    first_free = min(set(range(len(held) + 1)) - held)
    resource.prlimit(zygote, resource.RLIMIT_NOFILE, (first_free, before[1]))
    end(workers, workers.spawn())  # the one that was forked ahead
    with pytest.raises(WorkersUnavailable, match="no room for another process: no descriptor is left"):
        workers.spawn()
    resource.prlimit(zygote, resource.RLIMIT_NOFILE, before)
    end(workers, workers.spawn())
    assert workers.pid == zygote


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_it_is_taken_where_no_other_can_be_forked(workers: Workers) -> None:
    ahead = workers._next
    with no_descriptor_left():
        worker = workers.spawn()
        assert worker is ahead
        with pytest.raises(WorkersUnavailable, match="Too many open files"):
            workers.spawn()
    end(workers, worker)
    end(workers, workers.spawn())


def test_no_other_is_forked_where_its_folder_can_not_be_made(workers: Workers, tmp_path: Path) -> None:
    """What was opened for it is closed again."""
    worker = workers.spawn()
    end(workers, workers.spawn())
    open_before = open_descriptors()
    scratch, aside = tmp_path / "scratch", tmp_path / "aside"
    scratch.rename(aside)
    scratch.touch()
    ahead = workers.spawn()
    for _ in range(3):
        with pytest.raises(WorkersUnavailable, match="File exists"):
            workers.spawn()
    assert open_descriptors() == open_before
    scratch.unlink()
    aside.rename(scratch)
    for each in (worker, ahead, workers.spawn()):
        end(workers, each)


def test_a_zygote_that_can_not_be_started_is_told(workers: Workers) -> None:
    kill_the_zygote(workers)
    with no_descriptor_left(), pytest.raises(WorkersUnavailable, match="Too many open files"):
        workers.spawn()
    with no_descriptor_left(), pytest.raises(WorkersUnavailable, match="Too many open files"):
        workers.execute(["true"], Path("/"))
    end(workers, workers.spawn())


@pytest.mark.skipif(not kernel.LINUX, reason="the kernel has no such thing")
def test_who_asks_to_die_with_a_parent_that_is_dead_already_dies() -> None:
    alive, said = os.pipe()
    goes_on, let_go_on = os.pipe()
    if (parent := os.fork()) == 0:
        dying = os.getpid()
        if os.fork() == 0:
            os.read(goes_on, 1)
            kernel.die_with_parent(dying)
            os.write(said, b"alive")
        os._exit(0)
    os.close(said)
    os.waitpid(parent, 0)
    os.write(let_go_on, b".")
    assert os.read(alive, 10) == b""
    for each in (alive, goes_on, let_go_on):
        os.close(each)


def output_of_a_worker(workers: Workers, code: str) -> Json:
    worker = workers.spawn()
    lines = Lines(worker.sock)
    start = Start(
        run="r1",
        skill="look",
        version="v1",
        attempt=1,
        trigger="call",
        rehearsal=False,
        code=Code(entry="skills/look.py", function="look", files={"skills/look.py": code}),
        input=None,
        zone="UTC",
        started=datetime.now(UTC),
    )
    lines.send(start.model_dump_json())
    said = lines.receive(30)
    assert said is not None
    ended = Question.model_validate_json(said).body
    assert isinstance(ended, End)
    assert isinstance(ended.result, Succeeded), ended
    end(workers, worker)
    return ended.result.output


def test_its_interpreter_is_the_same_after_a_restart_and_has_nothing_from_where_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set's order is that of its hashes: a body that loops over one has to find it again on replay."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("PYTHONPATH", "/")
    lives: list[Json] = []
    for _ in range(2):
        with closing(Workers(tmp_path / "workers.lock", tmp_path / "scratch")) as workers:
            lives.append(output_of_a_worker(workers, INTERPRETER))
    first, after = lives
    assert isinstance(first, dict)
    assert first == after
    assert first["utf8"] == 1
    assert first["kept out"] == [True, 1, []]
