"""A link works once and for ten minutes; what it is exchanged for admits until it is given back."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.web.access import LINK_WITHIN, SESSION_WITHIN, Access

from .conftest import Web


def test_a_link_works_once(tmp_path: Path) -> None:
    access = Access(tmp_path)
    ticket = access.new_ticket()

    session = access.enter(ticket)

    assert access.admits(session)
    assert access.enter(ticket) is None


def test_what_was_never_given_out_admits_nobody(tmp_path: Path) -> None:
    access = Access(tmp_path)

    assert access.enter("../../etc/passwd") is None
    assert not access.admits("made up")
    assert not access.admits(None)


def test_old_links_and_sessions_are_void_and_forgotten(tmp_path: Path) -> None:
    access = Access(tmp_path)
    ticket, session = access.new_ticket(), access.enter(access.new_ticket())
    for folder, within in (("links", LINK_WITHIN), ("sessions", SESSION_WITHIN)):
        for file in (tmp_path / "web" / folder).iterdir():
            os.utime(file, (0, time.time() - within - 1))

    access.forget_old()

    assert access.enter(ticket) is None
    assert not access.admits(session)
    assert not [*(tmp_path / "web").glob("*/*")]


def test_the_files_tell_neither_link_nor_cookie_and_are_the_persons_alone(tmp_path: Path) -> None:
    access = Access(tmp_path)
    ticket = access.new_ticket()

    (file,) = (tmp_path / "web" / "links").iterdir()

    assert ticket not in file.name
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_the_link_sets_a_cookie_that_scripts_and_other_sites_do_not_get(web: Web) -> None:
    with web.stranger() as browser:
        entered = browser.get("/enter", params={"ticket": web.access.new_ticket()})
        cookie = entered.headers["set-cookie"]

        assert entered.status_code == 200  # a redirect from another site's page would leave the cookie out
        assert 'content="0; url=/"' in entered.text
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        home = browser.get("/")
        assert home.status_code == 200, home.text
        assert browser.post("/api/leave").status_code == 204
    with web.stranger(cookie=cookie.partition(";")[0]) as browser:
        assert browser.get("/").status_code == 401
