"""Pages that other machines reach take TLS and a password; whoever guesses is slowed down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.web.access import new_link
from harness.web.password import FIRST_DELAY, LONGEST_DELAY, BadPassword, Password, TooSoon
from harness.web.place import NotServed, place_of, require_safe
from sidecar.client import Settings

RIGHT = "correct horse battery staple"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch(mode=0o600)
    return Settings(workspace=tmp_path, web_host="192.0.2.7", web_name="tend.example.com")


def with_tls(settings: Settings) -> Settings:
    cert, key = (str(settings.workspace / f"{name}.pem") for name in ("cert", "key"))
    return replace(settings, web_cert=cert, web_key=key)


def test_on_this_machine_alone_nothing_more_is_needed(tmp_path: Path) -> None:
    place = require_safe(Settings(workspace=tmp_path))
    assert place.address == "127.0.0.1"
    assert place.hosts == {"127.0.0.1:8360", "localhost:8360"}
    assert new_link(Settings(workspace=tmp_path)).startswith("http://127.0.0.1:8360/enter?ticket=")


@pytest.mark.parametrize("host", ["::1", "127.0.0.2", "localhost"])
def test_the_machines_own_addresses_are_here(tmp_path: Path, host: str) -> None:
    assert require_safe(Settings(workspace=tmp_path, web_host=host)).address == host


@pytest.mark.parametrize("host", ["192.0.2.7", "::", "tend.example.com", "10.0.0.1"])
def test_elsewhere_tls_is_needed(settings: Settings, host: str) -> None:
    Password(settings.store).set(RIGHT)
    with pytest.raises(NotServed, match="set web_cert and web_key"):
        require_safe(replace(settings, web_host=host))


def test_elsewhere_a_password_is_needed(settings: Settings) -> None:
    with pytest.raises(NotServed, match="tend web password"):
        require_safe(with_tls(settings))


def test_with_both_it_is_served_under_its_name_alone(settings: Settings) -> None:
    Password(settings.store).set(RIGHT)
    place = require_safe(with_tls(settings))
    assert place.hosts == {"tend.example.com:8360"}
    assert new_link(with_tls(settings)).startswith("https://tend.example.com:8360/enter?")
    assert "tend.example.com" in require_safe(replace(with_tls(settings), web_port=443)).hosts


def test_a_key_that_others_can_read_a_missing_file_and_half_of_a_pair_are_said(settings: Settings) -> None:
    Password(settings.store).set(RIGHT)
    (settings.workspace / "key.pem").chmod(0o644)
    with pytest.raises(NotServed, match="chmod 600"):
        require_safe(with_tls(settings))
    with pytest.raises(NotServed, match="no file"):
        require_safe(replace(with_tls(settings), web_cert="nowhere.pem"))
    with pytest.raises(NotServed, match="go together"):
        require_safe(replace(with_tls(settings), web_key=None))


def test_all_addresses_are_no_name(settings: Settings) -> None:
    with pytest.raises(NotServed, match="set web_name"):
        place_of(replace(with_tls(settings), web_host="::", web_name=None))


def test_the_password_is_kept_as_its_hash_for_its_owner_alone(tmp_path: Path) -> None:
    password = Password(tmp_path)
    password.set(RIGHT)
    (file,) = (tmp_path / "web").iterdir()
    assert RIGHT not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert Password(tmp_path).fits(RIGHT)
    password.set(RIGHT + "!")
    assert not password.fits(RIGHT)


@pytest.mark.parametrize("short", ["", "x" * 11, "x" * 1_001])
def test_a_password_has_some_length(tmp_path: Path, short: str) -> None:
    with pytest.raises(BadPassword):
        Password(tmp_path).set(short)


def test_each_wrong_one_closes_the_door_for_twice_as_long(tmp_path: Path) -> None:
    now = 0.0
    password = Password(tmp_path, now=lambda: now)
    assert not password.fits(RIGHT)  # none is set
    Password(tmp_path).set(RIGHT)
    for delay in (FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY):
        assert not password.fits("wrong")
        now += delay - 0.01
        with pytest.raises(TooSoon):
            password.fits(RIGHT)  # nobody learns whether it is the right one
        now += 0.01
    for _ in range(8):
        now += LONGEST_DELAY
        assert not password.fits("wrong")
    now += LONGEST_DELAY
    assert password.fits(RIGHT)
    assert not password.fits("wrong")
    now += FIRST_DELAY
    assert password.fits(RIGHT)
