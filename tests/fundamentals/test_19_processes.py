"""Which process does what: the model's client is in the gateway alone, and nobody outlives the sidecar."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.leftovers import processes_of
from tests.support.live_sidecar import LiveSidecar
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


def test_a_killed_gateway_is_started_again(talking: LiveSidecar, model: TalkingModel) -> None:
    model.play("Once more", says("Here I am."))
    talking.ended(talking.client.send("Once more, please.").id)
    gateway = next(pid for pid, line in processes_of(talking.folder).items() if "sidecar.gateway" in line)
    os.kill(gateway, signal.SIGKILL)
    model.play("And again", says("Still here."))
    run = talking.ended(talking.client.send("And again.").id)
    assert run.run.state == "succeeded"
    assert talking.client.transcript(talking.client.sessions()[0].id)[-1].text == "Still here."
