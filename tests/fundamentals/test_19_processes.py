"""Which process does what: the model's client is in the gateway alone, and nobody outlives the sidecar."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.client import Client, NotRunning, load_settings
from tests.support.leftovers import processes_of
from tests.support.live_sidecar import READY_WITHIN, LiveSidecar
from tests.support.scripted_author import says
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

WAITING = '''"""Wait."""

from skills import Run, skill, step


@step
def spin() -> int:
    while True:
        pass


@skill()
def waiting(run: Run) -> int:
    return run.step(spin)
'''


def maps(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def test_only_the_gateway_has_the_models_client(talking: LiveSidecar, model: TalkingModel) -> None:
    """Its JSON parser is a compiled library, which shows in the memory of a process that has imported it."""
    model.play("Good morning", says("Good morning."))
    talking.ended(talking.client.send("Good morning.").id)
    talking.put("waiting", WAITING)
    started = talking.client.run_skill("waiting").id
    worker = talking.worker(started)
    gateways = {pid: line for pid, line in processes_of(talking.folder).items() if "sidecar.gateway" in line}
    assert "jiter" in maps(next(iter(gateways)))
    others = set(processes_of(talking.folder)) - set(gateways)
    assert {talking.pid, worker} <= others
    assert [pid for pid in others if "jiter" in maps(pid)] == []
    talking.client.cancel(started)


def test_importing_the_sidecar_does_not_import_the_models_client() -> None:
    program = "import sys, sidecar.service, sidecar.execution.zygote; print('anthropic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_when_the_sidecar_is_killed_all_its_processes_end(talking: LiveSidecar) -> None:
    talking.put("waiting", WAITING)
    talking.client.run_skill("waiting")
    wait_until(lambda: talking.client.runs(skill="waiting", state="running"), "it runs")
    talking.kill()
    wait_until(lambda: not processes_of(talking.folder), "no process is left")
    talking.start()
    running = wait_until(lambda: talking.client.runs(skill="waiting", state="running"), "the run goes on by itself")
    talking.client.cancel(running[0].id)


def test_a_second_sidecar_is_refused(talking: LiveSidecar) -> None:
    command = [sys.executable, "-m", "sidecar", "--workspace", str(talking.workspace)]
    done = subprocess.run(command, env=talking.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"process {talking.pid} is the sidecar of this workspace already" in done.stderr
    assert talking.client.status().pid == talking.pid


def test_it_is_found_from_a_session_that_keeps_its_sockets_elsewhere(
    talking: LiveSidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when cron has started it, and somebody who has logged in asks."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with Client(load_settings(workspace=talking.workspace)) as client:
        assert client.status().pid == talking.pid
    shutil.copytree(talking.workspace / ".tend", tmp_path / "copy" / ".tend")
    with Client(load_settings(workspace=tmp_path / "copy")) as client, pytest.raises(NotRunning):
        client.status()  # a copy of the workspace has no sidecar


def test_it_is_found_after_the_last_logout(talking: LiveSidecar) -> None:
    """Which removes the folder of the session's sockets."""
    with Client(load_settings(workspace=talking.workspace)) as client:
        assert client.status().pid == talking.pid
        shutil.rmtree(talking.environment["XDG_RUNTIME_DIR"])
        wait_until(lambda: _answers(client), "it has made another socket")
        assert client.status().pid == talking.pid
        fallback = talking.temporary / f"tend-{os.getuid()}"
        assert [path for path in fallback.iterdir() if path.is_socket()]
    talking.stop()
    fallback.rmdir()
    Path(talking.environment["XDG_RUNTIME_DIR"]).mkdir(mode=0o700)
    talking.start()


@pytest.mark.skipif(os.getuid() != 0, reason="root alone can make what belongs to others")
def test_a_folder_of_sockets_that_another_user_has_made_is_used_by_nobody(talking: LiveSidecar) -> None:
    folder = Path(talking.environment["XDG_RUNTIME_DIR"]) / "tend"
    os.chown(folder, 65534, 65534)
    with pytest.raises(PermissionError, match="belongs to another user"):
        talking.client.status()
    talking.stop()
    (talking.workspace / ".tend" / "socket").unlink(missing_ok=True)
    with pytest.raises(PermissionError, match="belongs to another user"):
        talking.client.status()
    process = talking.launch({})
    assert process.wait(READY_WITHIN) == 1
    assert "belongs to another user" in talking.said()
    os.chown(folder, 0, 0)
    talking.start()


def _answers(client: Client) -> bool:
    try:
        client.status()
    except NotRunning:
        return False
    return True


def test_a_killed_gateway_is_started_again(talking: LiveSidecar, model: TalkingModel) -> None:
    model.play("Once more", says("Here I am."))
    talking.ended(talking.client.send("Once more, please.").id)
    gateway = next(pid for pid, line in processes_of(talking.folder).items() if "sidecar.gateway" in line)
    os.kill(gateway, signal.SIGKILL)
    model.play("And again", says("Still here."))
    run = talking.ended(talking.client.send("And again.").id)
    assert run.run.state == "succeeded"
    assert talking.client.transcript(talking.client.sessions()[0].id)[-1].text == "Still here."
