"""Webhooks, tokens and the password: made on this machine, shown once, and on record."""

from __future__ import annotations

import pytest

from harness.web.access import Access
from harness.web.doors.hooks import Hooks
from harness.web.doors.tokens import Tokens
from harness.web.password import Password
from sidecar.client import load_settings

from . import examples
from .conftest import Command
from .double import Double, Refusal


@pytest.fixture
def inside(inside: Command, sidecar: Double) -> Command:
    sidecar.answers["doors.changed"] = None
    return inside


def test_a_webhook_is_made_listed_turned_and_removed(inside: Command, sidecar: Double) -> None:
    hooks = Hooks(load_settings(workspace=inside.workspace).store)
    made = inside.json("hook", "add", "payments")
    assert made["key"] == hooks.all()[0].keys[0].value
    assert made["address"].endswith("/hooks/payments")
    assert made["key"] not in inside("hook", "list").stdout
    turned = inside.json("hook", "rotate", "payments")
    assert turned["key"] != made["key"]
    assert turned["keys"] == 2
    assert "2, until" in inside("hook", "list").stdout
    assert inside("hook", "rm", "payments").returncode == 0
    assert not hooks.all()
    assert [asked["what"] for name, asked in sidecar.asked if name == "doors.changed"] == [
        "add webhook",
        "rotate webhook",
        "remove webhook",
    ]


def test_a_key_that_the_sender_gave_is_read_from_stdin(inside: Command) -> None:
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    done = inside("hook", "add", "given", "--given", stdin=key + "\n")
    assert done.returncode == 0, done.stderr
    assert key not in done.stdout
    assert Hooks(load_settings(workspace=inside.workspace).store).all()[0].keys[0].value == key
    assert inside("hook", "add", "github", "--github", "--given", stdin="short").returncode == 1


@pytest.mark.parametrize(
    "command", ["hook add Nope", "hook rotate nothing", "hook rm nothing", "token add ../x", "token rm x"]
)
def test_what_can_not_be_done_is_said(inside: Command, command: str) -> None:
    done = inside(*command.split())
    assert done.returncode == 1
    assert "Next:" in done.stderr


def test_a_token_is_shown_once_and_removed(inside: Command) -> None:
    tokens = Tokens(load_settings(workspace=inside.workspace).store)
    token = inside.json("token", "add", "shop")["token"]
    assert tokens.holder(token) == "shop"
    assert inside("token", "list").stdout == "shop\n"
    assert inside("token", "add", "shop").returncode == 1
    assert inside("token", "rm", "shop").returncode == 0
    assert tokens.holder(token) is None


def test_the_password_is_read_from_stdin_and_ends_every_session(inside: Command) -> None:
    store = load_settings(workspace=inside.workspace).store
    session = Access(store).new_session()
    assert inside("web", "password", stdin="short").returncode == 2
    assert Access(store).admits(session)
    assert inside("web", "password", stdin="correct horse battery staple\n").returncode == 0
    assert Password(store).fits("correct horse battery staple")
    assert not Access(store).admits(session)


def test_a_link_to_where_the_pages_may_not_be_served_says_why(inside: Command, sidecar: Double) -> None:
    sidecar.answers["status"] = examples.status()
    done = inside("web", TEND_WEB_HOST="::")
    assert done.returncode == 2
    assert "web_name" in done.stderr


@pytest.mark.parametrize("command", ["hook add payments", "hook rotate payments", "token add shop", "hook list"])
def test_no_key_is_made_that_could_not_be_shown(inside: Command, command: str) -> None:
    store = load_settings(workspace=inside.workspace).store
    if command != "hook add payments":
        assert inside("hook", "add", "payments").returncode == 0
    before = Hooks(store).all(), Tokens(store).names()
    done = inside(*command.split(), TEND_WEB_HOST="::")
    assert (done.returncode, done.stdout) == (2, "")
    assert "web_name" in done.stderr
    assert (Hooks(store).all(), Tokens(store).names()) == before


@pytest.mark.parametrize("command", ["hook add payments", "hook rotate payments", "token add shop"])
def test_a_key_is_shown_also_where_it_can_not_be_put_on_record(inside: Command, sidecar: Double, command: str) -> None:
    if command == "hook rotate payments":
        assert inside("hook", "add", "payments").returncode == 0

    def refuse(_: object) -> object:
        raise Refusal(500, "OperationalError", "doors.changed failed: disk I/O error")

    sidecar.answers["doors.changed"] = refuse
    done = inside(*command.split())
    assert done.returncode == 1
    assert "shown this once: " in done.stdout
    assert "disk I/O error" in done.stderr
