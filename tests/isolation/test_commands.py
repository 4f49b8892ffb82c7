"""Programs that a skill declares run in a box: nothing of theirs survives, and nothing of the person's is theirs."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from sidecar.isolation.tiers import reached
from sidecar.secret_folder import SecretFolder
from tests.isolation.conftest import OrdinarySidecar, put_with_a_yes
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import children_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(
    reached().tier != "locked", reason=f"this machine reaches {reached().tier}: {reached().because}"
)

PROGRAMS = '''"""Run a program."""

from datetime import timedelta

from pydantic import BaseModel

from skills import EffectFailed, Run, shell, skill, step


class Wanted(BaseModel):
    argv: list[str]
    repeat_last: int = 1
    stdin: str = ""
    seconds: float = 60


class Came(BaseModel):
    status: int
    output: str


@step
def execute(wanted: Wanted) -> Came:
    argv = [*wanted.argv, *wanted.argv[-1:] * (wanted.repeat_last - 1)]
    try:
        done = shell.run(argv, stdin=wanted.stdin, timeout=timedelta(seconds=wanted.seconds))
    except EffectFailed as error:
        return Came(status=-2 if error.retryable else -1, output=str(error))
    return Came(status=done.status, output=done.output)


@skill(commands=["sh", "cat", "no-such-program"], concurrency=20)
def programs(run: Run, wanted: Wanted) -> Came:
    return run.step(execute, wanted)
'''


@pytest.fixture(scope="module")
def live(anyones: LiveSidecar) -> LiveSidecar:
    put_with_a_yes(anyones, "programs", PROGRAMS)
    return anyones


def execute(
    live: LiveSidecar, *argv: str, repeat_last: int = 1, stdin: str = "", seconds: float = 60
) -> tuple[int, str]:
    wanted: JsonValue = {"argv": [*argv], "repeat_last": repeat_last, "stdin": stdin, "seconds": seconds}
    ended = live.ended(live.client.run_skill("programs", wanted).id, within=90)
    assert isinstance(ended.output, dict), ended.run.error
    status, output = ended.output["status"], ended.output["output"]
    assert isinstance(status, int)
    return status, str(output)


def test_it_reads_its_input_and_its_output_is_the_steps(live: LiveSidecar) -> None:
    assert execute(live, "cat", stdin="words\n" * 100_000) == (0, "words\n" * 100_000)
    assert execute(live, "sh", "-c", "echo told; echo complained >&2; exit 3") == (3, "told\ncomplained\n")
    assert execute(live, "sh", "-c", "echo kept > file && cat file") == (0, "kept\n")
    assert execute(live, "sh", "-c", "kill -9 $$") == (137, "")
    assert execute(live, "sh", "-c", "kill -USR1 $$") == (138, "")
    assert execute(live, "sh", "-c", "echo told; exit 126") == (126, "told\n")


def test_an_argument_may_be_as_long_as_the_kernel_takes_it(live: LiveSidecar) -> None:
    for size in (40_000, 131_071):
        assert execute(live, "sh", "-c", 'echo "${#1}"', "sh", "x" * size) == (0, f"{size}\n")


def test_longer_ones_are_refused_and_what_others_run_goes_on(live: LiveSidecar) -> None:
    execute(live, "cat")
    zygote = zygote_of(live)
    for size, times in ((131_072, 1), (100_000, 30)):
        status, output = execute(live, "sh", "-c", "echo started", "sh", "x" * size, repeat_last=times)
        assert len(output) < 1_000
        assert (status, "'sh' could not be started" in output, "list too long" in output) == (-1, True, True), output
    assert zygote_of(live) == zygote


def test_an_argument_with_the_character_nul_is_refused_with_the_reason(live: LiveSidecar) -> None:
    status, output = execute(live, "sh", "-c", "echo started", "a\0b")
    assert (status, "'sh' could not be started: embedded null byte" in output) == (-1, True), output


def test_it_reaches_nothing_of_the_persons(live: LiveSidecar, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    for attempt in (f"cat {secret}", f"echo x > {secret}", f"rm {secret}", f"cat {live.workspace}/.tend/tend.db"):
        status, output = execute(live, "sh", "-c", attempt)
        assert status != 0
        assert "denied" in output, output
    assert secret.read_text() == "a secret"
    _, environment = execute(live, "sh", "-c", "export -p")
    assert "TEND" not in environment
    if bash := shutil.which("bash", path="/usr/bin:/bin"):
        status, output = execute(live, "sh", "-c", f"{bash} -c 'echo > /dev/tcp/127.0.0.1/22'")
        assert (status != 0, "not permitted" in output) == (True, True), output


CONCURRENT = """
import asyncio, multiprocessing, subprocess
async def main():
    run = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    return (await run.communicate(b"asyncio"))[0].decode()
def child(end): end.send("multiprocessing")
if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(theirs,))
    process.start()
    print(asyncio.run(main()), ours.recv(), subprocess.check_output(["echo", "subprocess"], text=True).strip())
    process.join()
"""


def test_an_interpreter_in_it_has_processes_that_talk_with_one_another(live: LiveSidecar) -> None:
    if not shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin"):
        pytest.skip("this machine has no python3 of its own")
    script = f"cat > program.py <<'END'\n{CONCURRENT}END\npython3 program.py"
    assert execute(live, "sh", "-c", script) == (0, "asyncio multiprocessing subprocess\n")


def test_what_it_prints_has_names_in_the_place_of_secrets(live: LiveSidecar) -> None:
    SecretFolder(live.workspace / ".tend" / "secrets").set("SHOP_TOKEN", "tok-0123456789")
    if isinstance(live, OrdinarySidecar):
        live.hand_over()
    script = "cat; printf 0123456789 >&2; sleep 0.3; exit 4"
    assert execute(live, "sh", "-c", script, stdin="tok-") == (4, "[secret SHOP_TOKEN]")
    assert "[secret SHOP_TOKEN]: not found" in execute(live, "sh", "-c", '"$1"', "sh", "tok-0123456789")[1]


def test_nothing_of_it_survives(live: LiveSidecar) -> None:
    """What it has put into the background, in a session of its own, and what ran when its time was up. (I10)"""
    assert execute(live, "sh", "-c", "(setsid sleep 1000 >/dev/null 2>&1 &); echo left")[0] == 0
    status, output = execute(live, "sh", "-c", "setsid sleep 1000 & while :; do :; done", seconds=1)
    assert (status, "longer than 1 s" in output) == (-1, True)
    status, output = execute(live, "sh", "-c", "while :; do echo much; done")
    assert (status, "more than 1,048,576 bytes" in output) == (-1, True)
    wait_until(lambda: programs_of(live) == [], "all is gone")


def test_the_box_that_is_made_ahead_may_die(live: LiveSidecar) -> None:
    execute(live, "cat", stdin="one")
    [keeper] = wait_until(lambda: list(children_of(zygote_of(live))), "the next box is made")
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: keeper not in children_of(zygote_of(live)), "it is gone")
    assert execute(live, "cat", stdin="two") == (0, "two")


def test_one_whose_zygote_dies_has_not_ended_by_itself(live: LiveSidecar) -> None:
    """Its step may try it again."""
    live.client.run_skill("programs", {"argv": ["sh", "-c", "sleep 1000"]})
    wait_until(lambda: any("sleep 1000" in line for line in programs_of(live)), "it runs")
    os.kill(zygote_of(live), signal.SIGKILL)
    [run] = live.client.runs(skill="programs", limit=1)
    output = live.ended(run.id).output
    assert isinstance(output, dict)
    assert (output["status"], "was killed before it had ended" in str(output["output"])) == (-2, True), output


def zygote_of(live: LiveSidecar) -> int:
    [zygote] = [pid for pid, line in children_of(live.pid).items() if "sidecar.execution.zygote programs" in line]
    return zygote


def programs_of(live: LiveSidecar) -> list[str]:
    """What is executed below the zygote, but for the box that is made ahead: three processes like the zygote itself."""
    lines = list(_below(zygote_of(live)))
    return [line for line in lines if "sidecar.execution.zygote" not in line] or lines[3:]


def _below(pid: int) -> Iterator[str]:
    for child, line in children_of(pid).items():
        yield line
        yield from _below(child)


def test_what_is_not_declared_or_not_there_is_told(live: LiveSidecar) -> None:
    assert 'commands=["id"]' in execute(live, "id")[1]
    assert "there is no program 'no-such-program'" in execute(live, "no-such-program")[1]
