"""I18: a secret that a skill uses in a real HTTP call is nowhere but in its file and at the server it was sent to."""

from __future__ import annotations

import base64
import io
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from pydantic import JsonValue

from harness.cli import main
from sidecar.client import views
from tests.notices.stage import with_targets
from tests.secrets.echo import Echo
from tests.secrets.search import Search
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import children_of
from tests.support.scripted_author import says
from tests.support.slack import Slack
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until
from tests.web.conftest import served

CANARY = "Cq7/pX+9=rT\"2&wZ<4>k'L0 v8yM"  # letters, digits, and what encoders escape
TEND = Path(sys.executable).with_name("tend")

SKILL = '''"""Use a secret in every way, and let all that comes back go everywhere."""

from skills import Run, StepFailed, files, http, secret, skill, step

PAGES = ["plain", "packed", "archive", "header", "refused", "elsewhere?/landed"]


@step
def fetch(page: str) -> str:
    reply = http.get(
        "http://HOST/" + page,
        bearer=secret("CANARY"),
        headers={"x-key": secret("CANARY")},
        params={} if "?" in page else {"key": secret("CANARY")},
    )
    print(reply.text, reply.headers, reply.url)
    reply.raise_for_status()
    return f"{reply.text} {reply.headers} {reply.url} {reply.content.hex()}"


@step
def send(page: str) -> str:
    replies = [
        http.post("http://HOST/json", json={"a": [secret("CANARY")]}),
        http.post("http://HOST/form", data={"a": secret("CANARY")}),
        http.get(["http://HOST/bot", secret("CANARY"), "/me"]),
        http.get("http://HOST/login", auth=http.basic("me", secret("CANARY"))),
    ]
    return "".join(reply.text for reply in replies)


@step
def keep(text: str) -> None:
    files.write("reports/canary.txt", text)


@step
def no_header(page: str) -> str:
    return http.get("http://HOST/", headers={"x-\\nbad": secret("CANARY")}).text


@skill(hosts=["HOST"], secrets=["CANARY"], writes=["reports/**"])
def canary(run: Run) -> str:
    seen: list[str] = []
    for page in PAGES:
        try:
            seen.append(run.step(fetch, page))
        except StepFailed as error:
            seen.append(f"{error} {error.traceback}")
            run.log(str(error), level="error")
    seen.append(run.step(send, "all"))
    try:
        run.step(no_header, "x")
    except StepFailed as error:
        seen.append(str(error))
    run.step(keep, "".join(seen))
    run.state.put("seen", seen)
    run.notify("#canary", seen[0][:9_000])
    run.emit("canary.seen", {"text": seen[0]})
    answer = run.ask("What does it say?", seen[0], returns=str)
    return answer + "".join(seen)
'''


ASK = '''"""Ask."""

from datetime import timedelta

from skills import Run, skill


@skill()
def ask(run: Run) -> bool:
    return run.approve("May it?", expires_in=timedelta(hours=1), on_expiry="no").approved
'''
PLANT = '''"""Return it."""

from skills import Run, skill


@skill()
def plant(run: Run, text: str) -> str:
    return text
'''


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo(CANARY) as echo:
        yield echo


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with Slack(canary="C0CANARY") as slack:
        yield slack


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, model: TalkingModel, slack: Slack) -> Iterator[LiveSidecar]:
    folder, toml = tmp_path_factory.mktemp("canary"), f"[targets.ops]\n{slack.settings}"
    with with_targets(folder, toml, base_url=model.base_url) as live:
        yield live


def set_canary(live: LiveSidecar) -> bytes:
    """As a person does, by a process of its own; what it has printed."""
    done = subprocess.run(
        [TEND, "--workspace", live.workspace, "secret", "set", "CANARY"],
        input=f"{CANARY}\n".encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=live.environment,
        timeout=90,
        check=True,
    )
    return done.stdout


def tend(live: LiveSidecar, *arguments: str) -> bytes:
    """All that the command prints."""
    out = io.StringIO()
    with patch.dict(os.environ, live.environment, clear=True), redirect_stdout(out), redirect_stderr(out):
        main(["--workspace", str(live.workspace), *arguments])
    return out.getvalue().encode()


def abort_gateway(live: LiveSidecar) -> None:
    """Let it crash as it would leave a core file, were it allowed to."""
    (gateway,) = [pid for pid, command in children_of(live.pid).items() if "sidecar.gateway" in command]
    resource.prlimit(gateway, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.kill(gateway, signal.SIGABRT)
    wait_until(lambda: gateway not in children_of(live.pid), "the gateway is gone")


def paste(live: LiveSidecar) -> str:
    """As a person may by mistake, wherever they are asked for words or data; the run that got it."""
    client, in_base64 = live.client, base64.b64encode(CANARY.encode()).decode()
    said = client.send(f"My token is {CANARY}, and in base64 {in_base64}")
    assert live.ended(said.id).run.state == "succeeded"
    live.put("plant", PLANT)
    live.put("ask", ASK)
    planted = live.run("plant", f"{CANARY} {in_base64}")
    assert str(planted.output).count("[secret CANARY]") == 2
    client.rerun(planted.run.id, payload=f"again {CANARY}")
    payload: JsonValue = {CANARY: [CANARY, {"in base64": in_base64}]}
    client.emit("pasted", payload)
    (came,) = client.emit_many([views.Incoming(name="hook.ci", payload=payload, id="1", source="webhook ci")])
    assert came.stored
    client.answer(live.approval(client.run_skill("ask").id).id, "yes", because=f"it is {CANARY}")
    live.approval(cancelled := client.run_skill("ask").id)
    client.cancel(cancelled, f"not {CANARY}")
    client.pause("ask", f"because of {CANARY}")
    client.cap("skill", "plant", amount=7, why=f"for {CANARY}")
    return planted.run.id


def look_at_pages(search: Search, live: LiveSidecar, **of_paths: str) -> None:
    """Each page and its JSON twin, with a browser's session."""
    with served(live) as web, web.browser() as browser:
        paths = browser.get("/openapi.json").json()["paths"]
        for twin in (path for path, methods in paths.items() if "get" in methods):
            for path in (twin, twin.removeprefix("/api").replace("/home", "/")):
                asked = {"a": of_paths["run"], "b": of_paths["run"], "step": "fetch"} if "/runs/" in path else {}
                reply = browser.get(path.format(**of_paths), params=asked)
                assert reply.status_code == 200, path
                search.look(path, reply.content)


def test_a_canary_is_found_nowhere_but_in_its_file_and_at_the_server(
    live: LiveSidecar, model: TalkingModel, slack: Slack, echo: Echo, tmp_path: Path
) -> None:
    search = Search(CANARY)
    search.look("tend secret set", set_canary(live))
    assert [secret.is_set for secret in live.client.secrets()] == [True]
    live.put("canary", SKILL.replace("HOST", echo.host))
    live.client.grant_secret("canary", "CANARY", echo.host)
    model.play("What does it say?", says(f"It says {CANARY}."))
    model.play("My token is", says(f"I keep {CANARY} in mind."))

    ended = live.run("canary")
    assert ended.run.state == "succeeded", ended.run.error
    run, pasted = ended.run.id, paste(live)
    wait_until(slack.posts, "the notice is posted")

    for command in (
        *(["runs", "show", run], ["runs", "logs", run], ["runs", "list"], ["notices"], ["events", "list"]),
        *(["skills", "show", "canary"], ["secret", "list"], ["status"], ["doctor"], ["review", "latest"]),
        *(["audit"], ["cost"], ["runs", "show", pasted], ["why", "ask"]),
    ):
        search.look(" ".join(command), tend(live, *command))
        search.look(" ".join([*command, "--json"]), tend(live, *command, "--json"))
    for number, request in enumerate(model.server.requests):
        search.look(f"model request {number}", repr(request).encode())
    for number, received in enumerate(slack.received):
        search.look(f"Slack request {number}", received)
    session = live.client.sessions()[0].id
    look_at_pages(search, live, run=run, name="canary", session=session)
    look_at_pages(search, live, run=pasted, name="plant", session=session)
    search.look_at_processes(live.pid)
    search.look_at_rows(live)
    live.client.backup(tmp_path / "backup")
    search.look_at_archive(tmp_path / "backup")
    abort_gateway(live)
    search.look_at_files(live.folder, but=live.workspace / ".tend/secrets")
    search.look_at_files(live.temporary)

    assert search.found == []
    assert search.looked_at > 300
    assert b"[secret CANARY]" in tend(live, "runs", "show", run, "--json")
    assert any(CANARY.encode() in received for received in echo.received)
    own = Search(CANARY)
    own.look_at_files(live.workspace / ".tend/secrets")
    assert own.found == ["CANARY"]


@pytest.mark.parametrize("form", ["plain", "base64", "hex"])
def test_the_search_finds_what_is_planted(sidecar: LiveSidecar, tmp_path: Path, form: str) -> None:
    """A value that no secret has is stored as it comes: in the store, its backup, and in what is shown."""
    live, value = sidecar, CANARY + form
    if live.active("plant") is None:
        live.put("plant", PLANT)
    written = {
        "plain": value,
        "base64": base64.b64encode(b"me:" + value.encode()).decode(),
        "hex": value.encode().hex(),
    }[form]
    ended = live.run("plant", written)
    search = Search(value)
    search.look("tend runs show", tend(live, "runs", "show", ended.run.id, "--json"))
    search.look_at_rows(live)
    live.client.backup(tmp_path / "backup")
    search.look_at_archive(tmp_path / "backup")
    search.look_at_files(live.folder)
    assert {"tend runs show", "runs.input", "runs.output", "backup:tend.db"} <= {*search.found}
    assert any(name.startswith("workspace/.tend/tend.db") for name in search.found)
