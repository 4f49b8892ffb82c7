"""The gateway as a process: one, started when needed, replaced when killed, gone with the sidecar."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.demo.scripted_model import Hang, Turn
from sidecar.gateway import Aborted, Gateway, GatewayDied, GatewaySettings, RequestInvalid, child
from skills.wire import Json
from tests.gateway.stage import MODEL_REQUEST, on_stage, wait_until
from tests.gateway.web_server import WebServer


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(GatewaySettings(api_key="sk-canary"))
    yield gateway
    gateway.close()


def request(web: WebServer, page: str, method: str = "GET") -> dict[str, Json]:
    return {"method": method, "url": f"{web.url}/{page}", "hosts": [web.host]}


def kill(gateway: Gateway) -> int:
    pid = gateway.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def test_it_starts_with_the_first_effect_and_is_then_kept(gateway: Gateway, web: WebServer) -> None:
    assert gateway.pid is None

    gateway.effect("http", request(web, "echo"))
    first = gateway.pid
    gateway.effect("http", request(web, "echo"))

    assert first is not None
    assert gateway.pid == first


def test_effects_go_side_by_side(gateway: Gateway, web: WebServer) -> None:
    with ThreadPoolExecutor() as threads:
        held = threads.submit(gateway.effect, "http", request(web, "hold"))
        wait_until(web.holding.is_set, "the first effect is under way")
        assert gateway.effect("http", request(web, "status/201"))["status"] == 201
        assert not held.done()
        web.release.set()
        assert held.result(timeout=15)["status"] == 200


def test_a_get_whose_gateway_was_killed_is_made_again_on_the_record(gateway: Gateway, web: WebServer) -> None:
    with ThreadPoolExecutor() as threads:
        held = threads.submit(gateway.effect, "http", request(web, "hold"))
        wait_until(web.holding.is_set, "the effect is under way")
        killed = kill(gateway)
        web.release.set()
        reply: dict[str, Any] = held.result(timeout=15)

    assert reply["status"] == 200
    (failed,) = reply["tries"]
    assert "The gateway process ended (exit code -9) during GET" in failed["error"]
    assert web.seen == ["GET /hold", "GET /hold"]
    assert gateway.pid not in (None, killed)


def test_a_post_whose_gateway_was_killed_is_not_made_again(gateway: Gateway, web: WebServer) -> None:
    with ThreadPoolExecutor() as threads:
        held = threads.submit(gateway.effect, "http", request(web, "hold", "POST"))
        wait_until(web.holding.is_set, "the effect is under way")
        kill(gateway)
        with pytest.raises(GatewayDied, match="It may have been performed") as caught:
            held.result(timeout=15)

    assert caught.value.retryable
    assert web.seen == ["POST /hold"]
    assert gateway.effect("http", request(web, "status/201"))["status"] == 201


def test_a_model_call_whose_gateway_was_killed_is_made_again() -> None:
    with on_stage() as stage:
        stage.play(Turn(text="Good", fault=Hang(after=3)), Turn(text="Good morning."))

        def kill_at_first_text(event: Any) -> None:
            heard.append(event["type"])
            if len(heard) == 1:
                kill(stage.gateway)

        heard: list[str] = []
        reply: dict[str, Any] = stage.gateway.effect("model", MODEL_REQUEST, on_event=kill_at_first_text)

    assert reply["content"] == [{"type": "text", "text": "Good morning."}]
    assert "exit code -9" in reply["tries"][0]["error"]
    assert heard == ["text", "retry", "text"]


def test_a_call_that_never_reached_its_process_is_paid_for_once(gateway: Gateway, web: WebServer) -> None:
    paid: list[int] = []

    def pay() -> None:
        """Meanwhile the process dies."""
        paid.append(kill(gateway))
        wait_until(lambda: gateway.pid is None, "the process is gone")

    reply = gateway.effect("http", request(web, "status/201"), before_try=pay)

    assert (reply["status"], len(paid)) == (201, 1)
    assert web.seen == ["GET /status/201"]


def test_an_abort_ends_the_effect_on_both_sides(gateway: Gateway, web: WebServer) -> None:
    abort = threading.Event()
    with ThreadPoolExecutor() as threads:
        held = threads.submit(gateway.effect, "http", request(web, "hold"), abort=abort)
        wait_until(web.holding.is_set, "the effect is under way")
        abort.set()
        with pytest.raises(Aborted):
            held.result(timeout=15)

    wait_until(web.abandoned.is_set, "the gateway hung up on the server")
    assert gateway.effect("http", request(web, "status/201"))["status"] == 201


def test_a_process_that_hangs_is_killed_and_replaced(
    gateway: Gateway, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "GRACE", 0.2)
    gateway.effect("http", request(web, "echo"))
    stopped = gateway.pid
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)

    reply: dict[str, Any] = gateway.effect("http", request(web, "echo") | {"timeout": 3.0})

    assert "hung" in reply["tries"][0]["error"]
    assert gateway.pid not in (None, stopped)


def test_closing_ends_the_process_and_what_was_under_way(gateway: Gateway, web: WebServer) -> None:
    with ThreadPoolExecutor() as threads:
        held = threads.submit(gateway.effect, "http", request(web, "hold"))
        wait_until(web.holding.is_set, "the effect is under way")
        gateway.close()
        with pytest.raises(GatewayDied):
            held.result(timeout=15)

    assert gateway.pid is None
    with pytest.raises(GatewayDied, match="closed"):
        gateway.effect("http", request(web, "echo"), before_try=lambda: pytest.fail("nothing can be sent"))
    assert web.seen == ["GET /hold"]


def test_a_request_too_long_for_the_wire_is_refused_before_it_chokes_anything(gateway: Gateway, web: WebServer) -> None:
    with pytest.raises(RequestInvalid, match="at most 33,554,432 can be sent"):
        gateway.effect("http", request(web, "echo", "POST") | {"content_base64": "QUFB" * (9 * 1024 * 1024)})

    assert gateway.effect("http", request(web, "status/201"))["status"] == 201


def test_the_process_ends_with_the_sidecar(web: WebServer) -> None:
    """The sidecar is killed in the middle of an effect; the web server sees the gateway hang up."""
    program = (
        "from sidecar.gateway import Gateway, GatewaySettings\n"
        f"Gateway(GatewaySettings()).effect('http', {request(web, 'hold')!r})\n"
    )
    with subprocess.Popen([sys.executable, "-I", "-c", program]) as sidecar:
        wait_until(web.holding.is_set, "the effect is under way")
        sidecar.kill()

    wait_until(web.abandoned.is_set, "the gateway is gone")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_the_key_is_in_no_argument_and_no_environment(gateway: Gateway, web: WebServer) -> None:
    gateway.effect("http", request(web, "echo"))
    process = Path(f"/proc/{gateway.pid}")

    assert b"sk-canary" not in (process / "cmdline").read_bytes()
    if os.access(process / "environ", os.R_OK):  # as root only: others can't even look
        environment = (process / "environ").read_bytes()
        assert b"sk-canary" not in environment
        assert b"HOME=" not in environment


def test_whoever_holds_the_handle_imports_neither_client() -> None:
    program = (
        "import sys, sidecar.gateway\n"
        "print(*[name for name in ('anthropic', 'httpx2', 'genai_prices') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
