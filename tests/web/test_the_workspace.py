"""Memory, files, secrets and the audit: what a person sees of them, and may change."""

from __future__ import annotations

import pytest

from .conftest import GREETER, Web

SENDS = '''"""Send a secret."""

from skills import Run, http, secret, skill, step


@step
def send() -> int:
    return http.get("http://a.example.com", bearer=secret("WEB_TOKEN")).status


@skill(hosts=["a.example.com"], secrets=["WEB_TOKEN"])
def sends(run: Run) -> int:
    return run.step(send)
'''


def test_memory_is_corrected_and_an_edit_from_before_is_refused(web: Web) -> None:
    with web.browser() as browser:
        before = browser.get("/api/memory?path=USER.md").json()["file"]
        given = {"path": "USER.md", "text": "Anna, in the morning.\n", "base": before["hash"]}
        saved = browser.put("/api/memory", json=given)
        again = browser.put("/api/memory", json=given | {"text": "Berta.\n"})
        page = browser.get("/memory?path=USER.md").text
    assert saved.json()["text"] == "Anna, in the morning.\n"
    assert (again.status_code, again.json()["type"]) == (409, "urn:tend:conflict")
    assert (web.sidecar.workspace / "USER.md").read_text() == "Anna, in the morning.\n"
    assert "Anna, in the morning." in page


@pytest.mark.parametrize("path", ["skills/greeter.py", "../outside.md", "memory/../tend.toml", "/etc/hostname"])
def test_nothing_but_memory_is_written_there(web: Web, path: str) -> None:
    with web.browser() as browser:
        assert browser.put("/api/memory", json={"path": path, "text": "x"}).status_code == 404
    assert web.sidecar.file("greeter").read_text() == GREETER


def test_files_are_shown_but_for_the_store_the_settings_and_what_lies_outside(web: Web) -> None:
    workspace = web.sidecar.workspace
    (workspace / "tend.toml").write_text("# a key may stand here\n")
    (workspace / "link").symlink_to("/etc")
    (workspace / "link.txt").symlink_to(workspace / ".tend" / "tend.db")
    with web.browser() as browser:
        listed = {file["path"] for file in browser.get("/api/files").json()["listed"]["files"]}
        shown = browser.get("/files?path=skills/greeter.py")
        hidden = ["tend.toml", ".tend/tend.db", "link/hostname", "link.txt", "../workspace/tend.toml", "/etc/hostname"]
        told = {path: browser.get("/api/files", params={"path": path}).status_code for path in hidden}
    assert "skills/greeter.py" in listed
    assert not [path for path in listed if path.startswith((".", "link", "tend.toml"))]
    assert "Greet &lt;b&gt;everybody&lt;/b&gt;" in shown.text
    assert told == dict.fromkeys(hidden, 404)


def test_secrets_have_names_and_grants_and_no_value(web: Web) -> None:
    web.sidecar.put("sends", SENDS)
    web.sidecar.client.set_secret("WEB_TOKEN", "canary-of-the-pages")
    web.sidecar.client.grant_secret("sends", "WEB_TOKEN", "a.example.com")
    with web.browser() as browser:
        page, twin = browser.get("/secrets").text, browser.get("/api/secrets").text
        browser.post("/api/secrets/WEB_TOKEN/revoke", json={"skill": "sends", "host": "a.example.com"})
        (left,) = [each for each in browser.get("/api/secrets").json()["secrets"] if each["name"] == "WEB_TOKEN"]
    assert "sends</a> may send it to a.example.com" in page
    assert "canary-of-the-pages" not in page + twin
    assert left["grants"] == []


def test_the_audit_is_narrowed_by_who_and_what(web: Web) -> None:
    web.sidecar.client.pause("greeter", "for the audit")
    web.sidecar.client.resume("greeter")
    with web.browser() as browser:
        found = browser.get("/api/audit?skill=greeter&who=person&what=pause&since=2020-01-01T00:00").json()["decisions"]
        page = browser.get("/audit?what=nothing-of-that-name").text
    assert (found[0]["what"], found[0]["why"]) == ("pause", "for the audit")  # the newest; others have paused it too
    assert {decision["what"] for decision in found} == {"pause"}
    assert "Nothing of that kind was decided." in page
