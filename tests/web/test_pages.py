"""A page and its JSON twin tell the same; what is changed there is changed in the sidecar."""

from __future__ import annotations

import json

import pytest

from tests.support.scripted_author import calls, says
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

from .conftest import GREETER, Web


@pytest.mark.parametrize(
    ("page", "twin"),
    [
        ("/", "/api/home"),
        ("/chat", "/api/chat"),
        ("/skills", "/api/skills"),
        ("/skills/greeter", "/api/skills/greeter"),
        ("/skills/greeter/source", "/api/skills/greeter/source"),
        ("/skills/greeter/versions", "/api/skills/greeter/versions"),
        ("/skills/agent/source", "/api/skills/agent/source"),
        ("/runs", "/api/runs"),
        ("/runs?text=nobody&trigger=call", "/api/runs?text=nobody"),
        ("/runs?skill=&state=failed&version=&since=&until=", "/api/runs?state=failed"),
        ("/runs/{run}", "/api/runs/{run}"),
        ("/runs/{run}?step=greet", "/api/runs/{run}?step=greet"),
        ("/runs/compare?a={run}&b={run}", "/api/runs/compare?a={run}&b={run}"),
        ("/approvals", "/api/approvals"),
        ("/review", "/api/review"),
        ("/costs", "/api/costs"),
        ("/memory", "/api/memory"),
        ("/memory?path=USER.md", "/api/memory?path=USER.md"),
        ("/files", "/api/files"),
        ("/files?path=skills/greeter.py", "/api/files?path=skills/greeter.py"),
        ("/secrets", "/api/secrets"),
        ("/audit", "/api/audit"),
        ("/audit?skill=greeter&who=&what=activate&since=", "/api/audit?skill=greeter&what=activate"),
        ("/health", "/api/health"),
    ],
)
def test_each_page_has_a_twin_in_the_document(web: Web, failed_run: str, page: str, twin: str) -> None:
    with web.browser() as browser:
        shown = browser.get(page.format(run=failed_run))
        sent = browser.get(twin.format(run=failed_run))
        described = browser.get("/openapi.json").json()["paths"]
    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("text/html")
    assert sent.status_code == 200
    assert isinstance(sent.json(), dict)
    assert twin.partition("?")[0].replace("greeter", "{name}").replace("/agent", "/{name}") in described


def test_the_runs_can_be_narrowed_to_each_skill_in_the_order_of_their_list(web: Web) -> None:
    with web.browser() as browser:
        listed = [skill["name"] for skill in browser.get("/api/skills").json()["skills"]]
        assert browser.get("/api/runs").json()["skills"] == listed
    assert len(listed) > 1


def test_the_page_of_a_failed_run_says_what_went_wrong_and_where(web: Web, failed_run: str) -> None:
    with web.browser() as browser:
        page = browser.get(f"/runs/{failed_run}?step=greet").text
    for told in ("ValueError", "greet", "✗", "failed", "nobody", "Run again from here", "queued ", "ran "):
        assert told in page


READER = '''"""Read a large file twice."""

from skills import Run, files, skill, step


@step()
def read() -> int:
    return len(files.read("reports/large.txt"))


@skill(reads=["reports/*"])
def reader(run: Run) -> list[int]:
    return [run.step(read), run.step(read)]
'''


def test_what_a_run_was_sent_comes_with_the_one_step_that_is_looked_at(web: Web) -> None:
    large = web.sidecar.workspace / "reports" / "large.txt"
    large.parent.mkdir(exist_ok=True)
    large.write_text("x" * 1_000_000)
    web.sidecar.put("reader", READER)
    run = web.sidecar.run("reader").run.id
    with web.browser() as browser:
        sizes = [
            len(browser.get(path).content)
            for path in (f"/api/runs/{run}", f"/runs/{run}", f"/api/runs/compare?a={run}&b={run}")
        ]
        one = browser.get(f"/api/runs/{run}?step=read%232").json()["detail"]["calls"]
        page = browser.get(f"/runs/{run}?step=read%232").text
    assert max(sizes) < 100_000
    assert [(call["summary"], call["reply"] is not None) for call in one] == [
        ("read reports/large.txt", False),
        ("read reports/large.txt", True),
    ]
    assert "x" * 1_000_000 in page
    everything = web.sidecar.client.run(run, step="*").calls
    assert [len(str(call.reply)) > 1_000_000 for call in everything] == [True, True]


def test_a_skill_is_run_approved_and_its_answer_is_on_the_page(web: Web) -> None:
    with web.browser() as browser:
        run = browser.post("/api/skills/greeter/run", json={"input": "world"}).json()["id"]
        approval = web.sidecar.approval(run).id
        shown = browser.get("/approvals").text
        said = browser.post(f"/api/approvals/{approval}", json={"answer": "yes", "because": "why not"})
        late = browser.post(f"/api/approvals/{approval}", json={"answer": "no"})
        done = web.sidecar.ended(run)
        page = browser.get(f"/runs/{run}").text
    assert "Shout world?" in shown
    assert said.status_code == 200
    assert late.status_code == 409
    assert "already approved" in late.json()["detail"]
    assert done.output == "WORLD"
    assert "WORLD" in page


def test_code_is_saved_as_a_version_and_an_edit_from_before_is_refused(web: Web) -> None:
    with web.browser() as browser:
        source = browser.get("/api/skills/greeter/source").json()["source"]
        changed = source["text"].replace("Hello", "Good day")
        saved = browser.put("/api/skills/greeter/source", json={"text": changed, "base": source["hash"]})
        again = browser.put("/api/skills/greeter/source", json={"text": GREETER, "base": source["hash"]})
        broken = browser.put(
            "/api/skills/greeter/source", json={"text": changed + "\nx: int = ''\n", "base": saved.json()["hash"]}
        )
        versions = browser.get("/skills/greeter/versions").text
    assert saved.json()["live"]
    assert again.status_code == 409
    assert not broken.json()["live"]
    assert broken.json()["report"]["problems"]
    assert "Good day" in versions


def test_a_line_that_changed_is_one_line_of_the_difference(web: Web) -> None:
    web.sidecar.put("odd", GREETER.replace("greeter", "odd"))
    web.sidecar.put("odd", GREETER.replace("greeter", "odd").replace("Hello", "Good\u2028day"))
    with web.browser() as browser:
        versions = browser.get("/skills/odd/versions").text
    assert '<span class="added">+    return f&#34;Good\u2028day, {name}&#34;\n</span>' in versions
    assert "No newline" not in versions


def test_a_text_is_checked_while_it_is_written_and_nothing_is_saved(web: Web) -> None:
    with web.browser() as browser:
        before = browser.get("/api/skills/greeter/source").json()["source"]
        told = browser.post("/api/skills/greeter/check", json={"text": GREETER + "\nx: int = ''\n"}).json()
        fine = browser.post("/api/skills/greeter/check", json={"text": GREETER}).json()
        after = browser.get("/api/skills/greeter/source").json()["source"]
    assert [problem["line"] for problem in told["problems"]] == [GREETER.count("\n") + 2]
    assert fine["problems"] == []
    assert after == before


def test_the_file_can_be_edited_and_what_a_version_was_only_read(web: Web) -> None:
    with web.browser() as browser:
        version = browser.get("/api/skills/greeter").json()["detail"]["skill"]["version"]
        file = browser.get("/skills/greeter/source").text
        earlier = browser.get(f"/skills/greeter/source?version={version}").text
        shipped = browser.get("/skills/agent/source").text
        onwards = browser.get(f"/skills/greeter/source?start={version}").text
    assert "Save as a new version" in file
    assert "readonly" in earlier
    assert "Nothing is saved yet" in onwards
    assert "Save as a new version" in onwards
    assert "Make this the file again" in earlier
    assert "Save as a new version" not in earlier + shipped


@pytest.mark.parametrize(
    ("address", "status", "type_"),
    [
        ("/api/runs/nothing", 404, "not_found"),
        ("/api/skills/nothing", 404, "not_found"),
        ("/api/runs?limit=0", 422, "usage"),
        ("/api/runs?state=odd", 422, "usage"),
        ("/api/nothing", 404, "not_found"),
    ],
)
def test_errors_are_problems_for_a_program_and_pages_for_a_browser(
    web: Web, address: str, status: int, type_: str
) -> None:
    with web.browser() as browser:
        problem = browser.get(address)
        page = browser.get(address.removeprefix("/api"))
    assert problem.status_code == page.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["type"] == f"urn:tend:{type_}"
    assert page.headers["content-type"].startswith("text/html")


def test_an_open_page_hears_what_happens_and_misses_nothing_while_it_was_away(web: Web) -> None:
    def heard(last: str, until: str) -> list[tuple[str, dict[str, str]]]:
        told = []
        with web.browser(**{"last-event-id": last} if last else {}) as browser, browser.stream("GET", "/live") as live:
            if not last:
                web.sidecar.client.pause("greeter")
            for line in live.iter_lines():
                if line.startswith("id: "):
                    id_ = line.removeprefix("id: ")
                if line.startswith("data: "):
                    told.append((id_, json.loads(line.removeprefix("data: "))))
                    if told[-1][1].get("topic") == until:
                        return told
        return told

    first = heard("", "skill")
    web.sidecar.client.resume("greeter")
    run = web.sidecar.client.run_skill("greeter", "world").id
    web.sidecar.approval(run)
    web.sidecar.client.cancel(run)
    wait_until(lambda: web.sidecar.state(run) == "cancelled", "the run is cancelled")
    meanwhile = heard(first[-1][0], "run")

    assert ("skill", "greeter") in [(data["topic"], data.get("skill")) for _, data in first]
    assert "skill" in [data["topic"] for _, data in meanwhile]  # that it was resumed
    assert not {id_ for id_, _ in first} & {id_ for id_, _ in meanwhile}


def test_a_sidecar_that_is_away_is_said_and_found_again(web: Web) -> None:
    with web.browser() as browser:
        web.sidecar.stop()
        away = browser.get("/")
        web.sidecar.start()
        back = wait_until(lambda: browser.get("/").status_code == 200, "the pages are back")
    assert away.status_code == 503
    assert "tend up" in away.text
    assert back


def test_home_says_that_everything_is_stopped(web: Web) -> None:
    web.sidecar.client.stop(reason="the shop moves")
    with web.browser() as browser:
        stopped = browser.get("/").text
        web.sidecar.client.start()
        started = browser.get("/").text
    assert "Everything is stopped" in stopped
    assert "the shop moves" in stopped
    assert "tend start --all" in stopped
    assert "Everything is stopped" not in started


def test_what_is_said_to_the_agent_is_answered_on_the_page(web: Web, model: TalkingModel) -> None:
    model.play("Which channel", calls("ask_person", {"question": "Which one do you mean?"}), says("Then #dev it is."))
    with web.browser() as browser:
        session = browser.post("/api/chat", json={"text": "Which channel?"}).json()["id"]
        web.sidecar.approval(session)
        asked = browser.get(f"/chat/{session}").text
        browser.post("/api/chat", json={"text": "#dev", "session": session})
        web.sidecar.ended(session)
        page = browser.get(f"/chat/{session}").text
        sessions = browser.get("/chat").text
    assert "Which one do you mean?" in asked
    assert f'data-stream="{session}"' in asked
    assert "Then #dev it is." in page
    assert "data-stream" not in page
    assert "Which channel?" in sessions


def test_the_skill_that_the_runs_are_narrowed_to_is_chosen_in_the_form_though_it_is_gone(web: Web) -> None:
    with web.browser() as browser:
        assert "<option selected>retired</option>" in browser.get("/runs?skill=retired").text


def test_the_agent_is_asked_to_fix_a_run_in_no_words_but_ours(web: Web, failed_run: str) -> None:
    with web.browser() as browser:
        page = browser.get(f"/runs/{failed_run}").text
    assert f'value="Fix greeter: its run {failed_run} failed."' in page
