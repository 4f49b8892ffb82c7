"""The process that serves the pages where other machines reach them: it refuses to without TLS and a password, and with
both a browser comes in by the password."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from harness.web.password import Password
from tests.support.waiting import wait_until

from .conftest import Web

RIGHT = "correct horse battery staple"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    key.chmod(0o600)
    return cert, key


@contextmanager
def served(web: Web, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m harness.web` beside the sidecar, with these settings."""
    environment = web.sidecar.environment | {f"TEND_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "harness.web", "--workspace", str(web.sidecar.workspace)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def test_without_tls_and_a_password_nothing_is_served(web: Web, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    place = {"web_host": "192.0.2.7", "web_port": free_port()}
    tls = {"web_cert": str(cert), "web_key": str(key)}
    for settings, told in ((place, "web_cert"), (place | tls, "tend web password")):
        with served(web, **settings) as process:
            _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert told in said


def test_a_browser_comes_in_by_the_password_over_tls(web: Web, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    port = free_port()
    password = Password(web.sidecar.client.settings.store)
    password.set(RIGHT)
    trusting = ssl.create_default_context(cafile=str(cert))
    try:
        with (
            served(web, web_port=port, web_cert=str(cert), web_key=str(key)) as process,
            httpx2.Client(base_url=f"https://localhost:{port}", verify=trusting, timeout=60) as browser,
        ):
            wait_until(lambda: process.poll() is not None or _answers(browser), "the pages are served")
            assert browser.get("/").headers["location"] == "/login"
            assert browser.get("/", headers={"host": f"tend.example.com:{port}"}).status_code == 421
            assert "password" in browser.get("/login").text
            assert browser.get("/api/home").status_code == 401

            other_site = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
            assert browser.post("/login", data={"password": RIGHT}, headers=other_site).status_code == 403
            wrong = browser.post("/login", data={"password": "wrong"}, headers=SAME_ORIGIN)
            assert wrong.status_code == 401
            assert "set-cookie" not in wrong.headers
            entered = wait_until(lambda: _enter(browser), "the door opens again")

            cookie = entered.headers["set-cookie"]
            for told in ("secure", "httponly", "samesite=strict", "path=/"):
                assert told in cookie.lower()
            assert browser.get("/", headers={"cookie": cookie.partition(";")[0]}).status_code == 200
            guesses = [browser.post("/login", data={"password": "wrong"}).status_code for _ in range(6)]
            assert 429 in guesses  # each wrong one closes it for twice as long
    finally:
        (web.sidecar.client.settings.store / "web" / "password").unlink()


def test_where_no_password_is_set_there_is_nothing_to_type_it_into(web: Web) -> None:
    with web.stranger() as stranger:
        assert stranger.get("/login").status_code == 404
        assert stranger.post("/login", data={"password": ""}).status_code == 401


def _answers(browser: httpx2.Client) -> bool:
    try:
        browser.get("/static/tend.css")
    except httpx2.TransportError:
        return False
    return True


def _enter(browser: httpx2.Client) -> httpx2.Response | None:
    answer = browser.post("/login", data={"password": RIGHT}, headers=SAME_ORIGIN)
    return answer if answer.status_code == 303 else None
