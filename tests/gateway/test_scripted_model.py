"""The scripted model as a process of its own, as the demo starts it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from harness.demo.scripted_model import Request, ScriptedModel, Turn, in_order

SCRIPT = "from harness.demo.scripted_model import Turn\n\ndef echo(request):\n    return Turn(text=request['system'])\n"


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(in_order(Turn(text="One."))) as model:
        yield model


def post(url: str, body: Request) -> Any:
    asked = urllib.request.Request(url, json.dumps(body).encode())  # noqa: S310 - the url is our own server's
    return urllib.request.urlopen(asked, timeout=15)  # noqa: S310


def test_as_a_process_it_prints_its_url_and_always_says_that_it_is_scripted(tmp_path: Any) -> None:
    (tmp_path / "play.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "harness.demo.scripted_model", "--script", "play:echo"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        with post(f"{base_url}/v1/messages", {"stream": True, "system": "Good morning."}) as reply:
            stream = reply.read().decode()
        process.terminate()

    assert process.returncode == 0
    assert reply.headers["x-scripted-model"] == "true"
    assert '"model": "scripted-model"' in stream
    assert "Good morning." in stream


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [("/v1/complete", {"stream": True}, 404), ("/v1/messages", {}, 400)],
)
def test_what_it_does_not_speak_is_refused(model: ScriptedModel, path: str, body: Request, code: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught, post(f"{model.base_url}{path}", body):
        pass

    with caught.value as refused:
        assert refused.code == code
        assert json.load(refused)["type"] == "error"


def test_a_script_that_fails_is_told_to_the_client(model: ScriptedModel) -> None:
    with post(f"{model.base_url}/v1/messages", {"stream": True}) as first:
        first.read()

    with (
        pytest.raises(urllib.error.HTTPError, match="400") as caught,
        post(f"{model.base_url}/v1/messages", {"stream": True}),
    ):
        pass

    with caught.value as refused:
        assert "all 1 turns of the script were given" in json.load(refused)["error"]["message"]
    assert len(model.requests) == 2
