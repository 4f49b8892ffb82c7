"""`rehearse` is honest: gaps, undeclared effects and bodies that do not replay are found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skills import Run, Skill, StepFailed, files, http, secret, shell, skill, step
from skills.testing import RehearsalFailed, in_turn, rehearse
from tests.skills.models import Cents, Renamed

counter = [0]


@step(attempts=3, backoff=timedelta(seconds=10))
def count(page: str) -> int:
    counter[0] += 1
    return len(http.get(f"https://x.example/{page}").text)


@skill(hosts=["x.example"])
def sum_up(run: Run) -> int:
    total = run.step(count, "a") + run.step(count, "b")
    run.sleep(timedelta(days=2))
    run.notify("#sums", str(total))
    return total


def test_bodies_are_executed_over_scripted_http() -> None:
    run = rehearse(sum_up, http={"GET https://x.example/a": "four", "https://x.example/b": in_turn(OSError("no"), "2")})
    assert run.result == 5
    assert run.steps == ("count", "count#2", "sleep", "notify")
    assert [request.url for request in run.requests] == ["https://x.example/a"] + ["https://x.example/b"] * 2
    assert run.now == datetime(2027, 1, 3, 9, 0, 10, tzinfo=UTC)


@step
def me(name: str) -> str:
    return http.get(["https://x.example/bot", secret("BOT_TOKEN"), f"/me/{name}"], params={"a": "b"}).text


@skill(hosts=["x.example"], secrets=["BOT_TOKEN"])
def who(run: Run) -> str:
    return run.step(me, "ada")


def test_a_url_may_have_a_secret_among_its_pieces() -> None:
    run = rehearse(who, http={"https://x.example/bot[secret BOT_TOKEN]/me/ada?a=b": "me"})
    assert run.result == "me"


def test_steps_can_be_scripted_by_value_in_turn_or_by_a_function() -> None:
    assert rehearse(sum_up, steps={"count": 2}).result == 4
    assert rehearse(sum_up, steps={"count": in_turn(1, TimeoutError("slow"), 5)}).result == 6
    assert rehearse(sum_up, steps={"count": lambda page: ord(page)}).result == 195


def test_a_scripted_failure_ends_the_step() -> None:
    run = rehearse(sum_up, steps={"count": OSError("down")})
    assert run.error
    assert (run.error.type, run.error.message, run.error.step) == ("OSError", "down", "count")
    with pytest.raises(RehearsalFailed, match="failed in step 'count': OSError: down"):
        _ = run.result


def test_a_gap_in_the_script_is_named_with_the_line_to_add() -> None:
    with pytest.raises(RehearsalFailed, match=r"add http=\{'GET https://x.example/a': \.\.\.\}"):
        rehearse(sum_up)
    with pytest.raises(RehearsalFailed, match="has 1 answers in turn"):
        rehearse(sum_up, steps={"count": in_turn(1)})


@step
def sum_of(text: str) -> str:
    return shell.run(["jq", ".sum"], stdin=text).output


@skill(commands=["jq"])
def computes(run: Run) -> str:
    return run.step(sum_of, '{"sum": 3}')


@skill()
def computes_undeclared(run: Run) -> str:
    return run.step(sum_of, "{}")


def test_programs_are_scripted_by_what_they_write() -> None:
    assert rehearse(computes, programs={"jq .sum": "3\n"}).result == "3\n"
    assert rehearse(computes, programs={"jq": shell.Finished(status=1, output="no")}).result == "no"
    error = rehearse(computes_undeclared, programs={"jq": ""}).error
    assert error is not None
    assert "add it to commands=[...]" in error.message


def test_a_yes_in_a_query_or_form_is_written_as_in_json() -> None:
    @step
    def asks() -> str:
        fields: http.Fields = {"all": True, "old": False, "page": 2, "q": "True"}
        return http.post("https://x.example/", params=fields, data=fields).text

    @skill(hosts=["x.example"])
    def lists(run: Run) -> str:
        return run.step(asks)

    wanted = "all=true&old=false&page=2&q=True"
    (sent,) = rehearse(lists, http={f"https://x.example/?{wanted}": "ok"}).requests
    assert sent.content.decode() == wanted


def test_a_skill_may_be_named_as_one_that_takes_none() -> None:
    takes_none = Skill.named("other", takes=None, returns=str)
    takes_nothing = Skill.named("other", returns=str)

    @skill()
    def asks_both(run: Run) -> list[str]:
        return [run.invoke(takes_none, None), run.invoke(takes_nothing)]

    assert rehearse(asks_both, invokes={"other": in_turn("a", "b")}).result == ["a", "b"]


def test_what_is_not_declared_is_refused() -> None:
    @step
    def strays() -> None:
        http.get("https://elsewhere.example/")

    @step
    def writes() -> None:
        files.write("notes/a.txt", "x")

    @skill(hosts=["x.example"], writes=["reports/*.txt"])
    def curious(run: Run) -> list[str]:
        problems = []
        for each in (strays, writes):
            try:
                run.step(each)
            except StepFailed as failed:
                problems.append(failed.message)
        return problems

    first, second = rehearse(curious).result
    assert "host 'elsewhere.example' is not declared; add it to hosts=[...]" in first
    assert "'notes/a.txt' is not declared; add it to writes=[...]" in second


def test_a_body_that_depends_on_more_than_its_run_does_not_replay() -> None:
    @skill(hosts=["x.example"])
    def forgetful(run: Run) -> int:
        before = counter[0]
        run.step(count, "a")
        return counter[0] - before

    with pytest.raises(RehearsalFailed, match="does not replay: it ended with"):
        rehearse(forgetful, http={"GET https://x.example/a": ""})
    assert rehearse(forgetful, http={"GET https://x.example/a": ""}, replays=False).result == 1


def test_arguments_that_change_on_replay_are_shown() -> None:
    @skill()
    def drifting(run: Run) -> None:
        counter[0] += 1
        run.sleep(timedelta(seconds=counter[0]))

    with pytest.raises(RehearsalFailed, match="step 'sleep' had the arguments"):
        rehearse(drifting)


def test_state_is_published_by_a_good_run_only() -> None:
    @skill()
    def keeps(run: Run) -> int:
        seen = run.state.get("seen", int, 0) + 1
        run.state.put("seen", seen)
        if run.state.get("seen", int) != seen:
            raise AssertionError("a run sees what it put")
        if seen > 2:
            raise ValueError("enough")
        return seen

    assert rehearse(keeps, state={"seen": 1}).state == {"seen": 2}
    assert rehearse(keeps, state={"seen": 2}).state == {"seen": 2}


@step
def rename(order: Renamed) -> Renamed:
    return Renamed(orderId=f"{order.order_id}!")


@skill()
def renames(run: Run, order: Renamed) -> Renamed:
    renamed = run.step(rename, order)
    run.state.put("last", [renamed])
    run.emit("order.renamed", renamed)
    return run.state.get("last", list[Renamed], [])[0]


def test_a_model_has_the_same_names_wherever_it_is_remembered() -> None:
    run = rehearse(renames, {"orderId": "A7"})
    assert run.result == Renamed(orderId="A7!")
    assert run.state == {"last": [{"order_id": "A7!"}]}
    assert [event.payload for event in run.events] == [{"order_id": "A7!"}]


@step
def read_price() -> Cents:
    return Cents.model_validate({"cents": "1.5"})


@skill()
def price_twice_converted(run: Run, by: str) -> int:
    if by == "step":
        return run.step(read_price).cents
    run.state.put("price", Cents.model_validate({"cents": "1.5"}))
    return 0


@pytest.mark.parametrize(("by", "failed"), [("step", "read_price"), ("state", None)])
def test_a_value_that_would_not_come_back_fails_where_it_is_stored(by: str, failed: str | None) -> None:
    error = rehearse(price_twice_converted, by).error
    assert error
    assert error.step == failed
    assert "comes back from JSON as Cents(cents=15000)" in error.message


@skill()
def remembers_pages(run: Run, by: str) -> int:
    url = "https://x.example/" + "a" * 300
    if by == "state":
        run.state.put(f"seen:{url}", 1)
    else:
        run.emit(url)
    return 0


@pytest.mark.parametrize(("by", "name"), [("state", "state.put:seen:https://x.example/"), ("emit", "emit:https://")])
def test_a_name_that_is_too_long_is_refused_with_the_limit(by: str, name: str) -> None:
    error = rehearse(remembers_pages, by).error
    assert error
    assert error.type == "WrongType"
    assert name in error.message
    assert "a name may have 200" in error.message


@skill()
def asks_much(run: Run, for_: str) -> int:
    match for_:
        case "a long sleep":
            run.sleep(timedelta(days=400))
        case "a sleep of less than nothing":
            run.sleep(timedelta(days=-1))
        case "a long wait":
            run.wait_for("order.paid", int, timeout=timedelta(days=400))
        case "a late answer":
            run.approve("Go on?", expires_in=timedelta(days=400), on_expiry="no")
        case "a long notice":
            run.notify("#ops", "x" * 30_000)
        case "an odd event":
            run.emit("a:b c")
        case "a webhook's event":
            run.emit("hook.shop")
        case "waiting for an odd event":
            run.wait_for("a b", int, timeout=timedelta(days=1))
    return 0


@pytest.mark.parametrize(
    ("for_", "type_"),
    [
        ("a long sleep", "WrongType"),
        ("a sleep of less than nothing", "WrongType"),
        ("a long wait", "WrongType"),
        ("a late answer", "WrongType"),
        ("a long notice", "WrongType"),
        ("an odd event", "EventName"),
        ("a webhook's event", "EventName"),
        ("waiting for an odd event", "EventName"),
    ],
)
def test_what_the_sidecar_does_not_take_is_not_taken_here_either(for_: str, type_: str) -> None:
    run = rehearse(asks_much, for_, approvals=True, waits={"order.paid": 1, "a b": 1})
    assert run.error
    assert run.error.type == type_
    assert (run.notices, run.events) == ((), ())


@step
def touch(action: str, path: str) -> list[str]:
    if action == "write":
        files.write(path, "x" * 2_000_000 if path == "notes/long.md" else "new")
        return []
    return files.list(path) if action == "list" else [files.read(path)]


@skill(reads=["data/**", "*.toml"], writes=["notes/*.md", "skills/*", "lib/*", "memory/*", ".tend/*"])
def touches(run: Run, what: tuple[str, str]) -> list[str]:
    return run.step(touch, *what)


FILES = {"data/a.csv": "a", "data/more/b.csv": "b", "notes/today.md": "today", ".tend/secrets": "s", "tend.toml": ""}


@pytest.mark.parametrize(
    ("action", "path", "came"),
    [
        ("read", "notes/today.md", ["today"]),
        ("list", "data/*.csv", ["data/a.csv"]),
        ("list", "data/**/*.csv", ["data/a.csv", "data/more/b.csv"]),
        ("list", "data/**", ["data/a.csv", "data/more/b.csv"]),
        ("list", "*/*", ["data/a.csv", "notes/today.md"]),
        ("list", "*.toml", []),
    ],
)
def test_files_are_found_as_the_sidecar_finds_them(action: str, path: str, came: list[str]) -> None:
    assert rehearse(touches, (action, path), files=FILES).result == came


@pytest.mark.parametrize(
    "path", ["skills/x.py", "lib/x.py", "memory/x.md", ".tend/x", "notes/../lib/x.md", "notes/long.md"]
)
def test_what_no_skill_may_write_is_refused_here_too(path: str) -> None:
    run = rehearse(touches, ("write", path), files=FILES)
    assert run.error
    assert run.error.type == "EffectFailed"
    assert run.files == FILES


@pytest.mark.parametrize(
    ("action", "path"),
    [("read", ".tend/secrets"), ("read", "tend.toml"), ("list", "/etc/*"), ("list", "../*"), ("list", "")],
)
def test_what_no_skill_may_read_is_refused_here_too(action: str, path: str) -> None:
    error = rehearse(touches, (action, path), files=FILES).error
    assert error
    assert error.type == "EffectFailed"
