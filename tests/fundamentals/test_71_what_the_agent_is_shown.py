"""The agent sees what became of its skills: in its prompt, in a rehearsal, and in the runs that it reads."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import calls, says, writes
from tests.support.sink import Sink
from tests.support.talking_model import TalkingModel

SKILL = '''"""Read, write, tell, remember."""

from datetime import timedelta

from skills import Failure, Run, files, http, skill, step


@step
def read(path: str) -> int:
    return int(http.get(f"http://HOST/{path}").json()["count"])


@step
def write(count: int) -> str:
    http.post("http://HOST/written", json={"count": count})
    files.write("out/count.txt", str(count))
    return "written"


@skill(hosts=["HOST"], writes=["out/*.txt"])
def NAME(run: Run) -> str:
    count = run.step(read, "reading")
    run.notify("#counts", f"it is {count}")
    run.state.put("count", count)
    run.sleep(timedelta(hours=1))
    return run.step(write, count)


@NAME.on_failure
def tell(run: Run, failure: Failure) -> None:
    run.notify("#ops", failure.message)
'''


def shown(talking: LiveSidecar, model: TalkingModel, words: str, *tools: tuple[str, dict[str, object]]) -> list[str]:
    """What the tools answered."""
    model.play(words, *(calls(name, given) for name, given in tools), says("Done."))
    talking.ended(talking.client.send(words).id)
    return model.results(words)


def test_a_rehearsal_shows_what_it_would_have_told_sent_written_and_kept(
    talking: LiveSidecar, model: TalkingModel, sink: Sink
) -> None:
    talking.put("counts", SKILL.replace("NAME", "counts").replace("HOST", sink.host))
    (result,) = shown(talking, model, "Try the counts", ("rehearse_skill", {"name": "counts"}))
    for line in (
        'read(path="reading") succeeded: 1',
        'notify → #counts: "it is 1" (not sent)',
        "state.put count = 1 (not kept)",
        "sleep 3600.0 s (not slept)",
        f'read: GET http://{sink.host}/reading → 200 application/json: {{"count": 1}}',
        f'write: POST http://{sink.host}/written "{{\\"count\\": 1}}" (not sent)',
        'write: write out/count.txt (1 characters) (not written): "1"',
    ):
        assert f"  {line}\n" in f"{result}\n", result


def test_a_failed_rehearsal_says_each_thing_once(talking: LiveSidecar, model: TalkingModel, sink: Sink) -> None:
    text = (
        SKILL.replace("NAME", "unreached")
        .replace("HOST", sink.host)
        .replace("@step\ndef read", "@step(attempts=2)\ndef read")
    )
    talking.put("unreached", text.replace(f"http://{sink.host}/{{path}}", "http://127.0.0.1:1/{path}"))
    (result,) = shown(talking, model, "Try the unreached", ("rehearse_skill", {"name": "unreached"}))
    assert "For real, its on_failure handler would run now; it was not rehearsed." in result
    assert result.count("127.0.0.1:1 is not declared") == 1
    assert "→ HostNotDeclared, as above" in result


def test_a_list_of_runs_tells_what_came_of_each_in_one_line(talking: LiveSidecar, model: TalkingModel) -> None:
    quiet = '"""Be quiet."""\n\nfrom skills import Run, skill\n\n\n@skill()\ndef quiet(run: Run) -> None:\n'
    talking.put("quiet", quiet + '    run.notify("#a", "one\\ntwo")\n    run.nothing_to_report("all is\\nwell")\n')
    ran = talking.run("quiet").run.id
    (result,) = shown(talking, model, "What ran", ("list_runs", {"skill": "quiet"}))
    (line,) = result.splitlines()
    assert line.startswith(f"- {ran} quiet succeeded | call by person")
    assert line.endswith("| nothing to report: all is well | told #a: one two")


def test_a_run_that_read_megabytes_can_be_read(talking: LiveSidecar, model: TalkingModel, sink: Sink) -> None:
    sink.replies["/large"].append((200, {"count": 1, "rest": "x" * 3_000_000}))
    text = SKILL.replace("NAME", "large").replace("HOST", sink.host).replace('"reading"', '"large"')
    talking.put("large", text.replace("    run.sleep(timedelta(hours=1))\n", ""))
    ran = talking.run("large").run.id
    (result,) = shown(talking, model, "Read the large one", ("read_run", {"run": ran}))
    assert 'notify → #counts: "it is 1"\n' in result
    assert f"GET http://{sink.host}/large → 200" in result


def test_the_prompt_lists_each_skill_with_how_its_last_run_ended(talking: LiveSidecar, model: TalkingModel) -> None:
    text = '"""Say four."""\n\nfrom skills import Run, skill\n\n\n@skill()\ndef four(run: Run) -> int:\n    return 4\n'
    talking.put("four", text)
    talking.run("four")
    shown(talking, model, "What is there")
    prompt = str(model.requests("What is there")[0]["system"])
    assert "- four: Say four. | called only | live | last run succeeded " in prompt
    assert "## Rehearse it" not in prompt


def test_the_chat_tells_what_the_agent_does_each_thing_once(
    talking: LiveSidecar, model: TalkingModel, sink: Sink
) -> None:
    text = SKILL.replace("NAME", "lines").replace("HOST", sink.host)
    wrong = text.replace('return "written"', "return 3")
    model.play(
        "Write the lines",
        writes("lines", wrong),
        writes("lines", text, base=wrong),
        calls("rehearse_skill", {"name": "lines"}),
        calls("rehearse_skill", {"name": "nowhere"}),
        calls("rehearse_skill", {"name": "lines"}),
        says("Done."),
    )
    run = talking.client.send("Write the lines").id
    sink.replies["/reading"].append((200, {"nothing": 1}))
    told = [moment.data for moment in talking.client.moments(since=0, run=run) if moment.topic == "tool"]
    assert [(line["state"], line["summary"]) for line in told] == [
        ("started", "writes lines"),
        ("failed", "lines refused: 1 problem"),
        ("started", "writes lines"),
        ("succeeded", "lines is live"),
        ("started", "rehearses lines"),
        ("failed", "rehearsal of lines failed: 'count'"),
        ("started", "rehearses lines"),
        ("succeeded", "rehearsal of lines succeeded"),
    ]
