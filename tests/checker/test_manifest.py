"""What a skill declares is read from its text, and each declaration that cannot hold is refused with its line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.checker.manifest import (
    At,
    Cron,
    Event,
    Every,
    Expectation,
    Irreversible,
    Manifest,
    RateLimit,
    StepDeclaration,
)
from sidecar.checker.policy import host_fix, host_problem, write_problem
from sidecar.checker.read_source import read_source
from sidecar.checker.report import Problem
from tests.checker.conftest import BODY, HEAD, skill, snapshot


def manifest(source: str) -> Manifest:
    reading = read_source(snapshot(source))
    assert reading.manifest is not None, reading.problems
    return reading.manifest


def problem(source: str) -> Problem:
    """The only problem of the manifest, with a line and a fix."""
    reading = read_source(snapshot(source))
    [found] = [problem for problem in reading.problems if problem.stage == "manifest"]
    assert reading.manifest is None
    assert found.line
    assert found.fix
    return found


def declared(arguments: str, before: str = "") -> Manifest:
    return manifest(skill(on=arguments, before=before))


# ---------------------------------------------------------------- what can be declared


def test_everything_at_once() -> None:
    source = (
        HEAD
        + """
ZONE = "Europe/Berlin"
MORNING = cron("0 9 * * 1-5", tz=ZONE)
WRITES = ["reports/**"]


@step(attempts=3, timeout=timedelta(seconds=30), backoff=timedelta(seconds=2), give_up_on=(ValueError,))
def tell(price: Price) -> None: ...


@skill(
    on=MORNING | every(timedelta(hours=1, minutes=30)) | at(datetime(2027, 1, 31, 9, tzinfo=ZoneInfo(ZONE))),
    hosts=["shop.example.com", "localhost:8080"],
    reads=("data/*.csv",),
    writes=WRITES,
    expect=Expect(within=timedelta(minutes=5), messages_at_most=0, silence_at_most=None, same_output_at_most=3),
    concurrency=2,
    overlap="cancel_older",
    priority=-3,
    deadline=timedelta(hours=1),
    budget=0.5,
    catch_up="all",
)
def price(run: Run, name: str) -> Price:
    run.ask("Is it fair?", returns=bool)
    return run.step(fetch, name)


@price.on_failure
def tell_ops(run: Run, failure: Failure) -> None:
    run.notify("#ops", failure.message)
"""
    )

    def line_of(text: str) -> int:
        return source[: source.index(text)].count("\n") + 1

    assert manifest(source) == Manifest(
        name="price",
        purpose="Says what it costs.",
        takes_input=True,
        input_schema={"type": "string", "title": "name"},
        triggers=(
            Cron(expression="0 9 * * 1-5", zone="Europe/Berlin"),
            Every(seconds=5400),
            At(when=datetime(2027, 1, 31, 9, tzinfo=ZoneInfo("Europe/Berlin"))),
        ),
        catch_up="all",
        concurrency=2,
        overlap="cancel_older",
        priority=-3,
        deadline=3600,
        budget=0.5,
        hosts=("shop.example.com", "localhost:8080"),
        reads=("data/*.csv",),
        writes=("reports/**",),
        uses_model=True,
        model_calls=1,
        expect=Expectation(within=300, messages_at_most=0, same_output_at_most=3),
        steps=(
            StepDeclaration(name="fetch", line=line_of("def fetch")),
            StepDeclaration(name="tell", line=line_of("def tell"), attempts=3, timeout=30),
        ),
        has_on_failure=True,
    )


def test_nothing_declared() -> None:
    source = '"""Adds."""\nfrom skills import Run, skill\n\n@skill()\ndef price(run: Run) -> int:\n    return 1\n'
    assert manifest(source) == Manifest(name="price", purpose="Adds.", takes_input=False)


def test_what_the_code_does_besides_helpers_included() -> None:
    helper = '''"""Pays."""
from skills import step

REALLY = True


@step(irreversible=REALLY, does="pays")
def pay(order: str) -> str:
    return order
'''
    source = f"""{HEAD}
from lib.shop import pay

@step(irreversible=False)
def look() -> str:
    return ""


@skill()
def price(run: Run) -> None:
    order = run.step(look)
    run.step_if_approved(f"Pay {{order.upper()}}?", pay, order)
    run.step_if_approved("Pay it again?", pay, order)
    for _ in range(3):
        run.ask("Was it dear?", returns=bool)
"""
    reading = read_source(snapshot(source, shop=helper))
    assert reading.manifest is not None, reading.problems
    assert reading.manifest.irreversible == (
        Irreversible(step="pay", does="pays", asks=("Pay {order.upper()}?", "Pay it again?")),
    )
    assert reading.manifest.model_calls == 1


def test_other_names_for_the_author_api() -> None:
    source = (
        '"""Adds."""\nimport datetime as dt\nfrom skills import Run, every as often, skill as tend, step as s\n'
        "@s\ndef one() -> int:\n    return 1\n"
        "@tend(on=often(dt.timedelta(days=1)))\ndef price(run: Run) -> int:\n    return run.step(one)\n"
    )
    assert manifest(source).triggers == (Every(seconds=86400),)
    assert [step.name for step in manifest(source).steps] == ["one"]


@pytest.mark.parametrize("zone", ["UTC", "timezone.utc", "ZoneInfo('UTC')"])
def test_zones_of_a_moment(zone: str) -> None:
    before = "from datetime import UTC, timezone\n"
    [trigger] = declared(f"on=at(datetime(2027, 1, 1, tzinfo={zone}))", before).triggers
    assert isinstance(trigger, At)
    assert trigger.when == datetime(2027, 1, 1, tzinfo=UTC)


def test_events_with_the_field_by_which_concurrency_is_counted() -> None:
    on = 'event("order.paid", int) | event(name="order.sent", payload=Order, key=lambda order: order.customer)'
    found = declared(f"on={on} | event('c', list[int], key=None)", "from skills import event\n").triggers
    assert found == (Event(name="order.paid"), Event(name="order.sent", key="customer"), Event(name="c"))


def test_events_with_a_rate_limit_and_a_debounce() -> None:
    on = 'event("a", int, rate_limit=(10, timedelta(hours=1)), debounce=timedelta(seconds=30))'
    found = declared(
        f"on={on} | event('b', int, rate_limit=None, debounce=None)", "from skills import event\n"
    ).triggers
    assert found == (
        Event(name="a", rate_limit=RateLimit(runs=10, seconds=3600), debounce=30),
        Event(name="b"),
    )
    assert [each.words for each in declared(f"on={on}", "from skills import event\n").events] == [
        "on a, at most 10 within 1:00:00, once quiet for 0:00:30"
    ]


def test_the_ends_of_other_skills() -> None:
    before = "from skills import failed, succeeded\n"
    found = declared('on=succeeded("other", Price) | failed("other")', before).triggers
    assert found == (Event(name="succeeded:other"), Event(name="failed:other"))
    assert [each.words for each in found] == ["when other has succeeded", "when other has failed"]


# ---------------------------------------------------------------- what cannot


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ('on=cron("0 99 * * *")', "on: cron '0 99 * * *': bad hour"),
        ('on=cron("* * * * * *")', "on: cron '* * * * * *' has 6 fields instead of five"),
        ('on=cron("@daily")', "on: cron '@daily' has 1 fields instead of five"),
        ('on=cron("0 0 30 2 *")', "on: cron '0 0 30 2 *': bad day-of-month"),
        ('on=cron("0 9 * * 1", tz="Europe/Atlantis")', "on: there is no time zone 'Europe/Atlantis'"),
        ('on=cron("0 9 * * 1", tz="../etc")', "on: there is no time zone '../etc'"),
        ('on=cron("0 9 * * 1", zone="UTC")', "on: cron takes an expression and, if you like, tz="),
        ("on=cron(EXPRESSION)", "on: 'EXPRESSION' is no constant that this file assigns exactly once"),
        ("on=cron(f'0 {1} * * *')", "on: f'0 {1} * * *' is not a text in quotes"),
        ("on=every(timedelta(0))", "on: timedelta(0) is no timedelta(...) with named numbers"),
        ("on=every(timedelta(seconds=0.5))", "on: an interval of 0:00:00.500000 is too short"),
        ("on=every(timedelta(days=999999999))", "on: an interval of 999999999 days, 0:00:00 is too long"),
        ("on=at(datetime(9999, 12, 31, 23, 59, tzinfo=ZoneInfo('America/New_York')))", "on: the year 9999 is too far"),
        ("on=every(timedelta(minutes=2 * 3))", "on: 2 * 3 is no number"),
        (
            "on=every(timedelta(parsecs=1))",
            "on: timedelta(parsecs=1): 'parsecs' is an invalid keyword argument",
        ),
        ("on=every(timedelta(days=10**99))", "on: 10 ** 99 is no number"),
        ("on=every(60)", "on: 60 is no timedelta(...) with named numbers"),
        ("on=at(datetime(2027, 1, 1))", "on: datetime(2027, 1, 1) has no zone"),
        ("on=at(datetime(2027, 2, 30, tzinfo=ZoneInfo('UTC')))", "day is out of range for month"),
        ("on=at(datetime.now())", "on: datetime.now() is no datetime(...) with numbers"),
        ('on="0 9 * * *"', "on: '0 9 * * *' is no trigger"),
        ('on=[cron("0 9 * * *")]', "on: [cron('0 9 * * *')] is no trigger"),
        ('on=event("a")', "on: event takes a name, the payload's type and, if you like, key="),
        ('on=event("a", int, rate_limit=10)', "on: 10 is no number of runs with a time"),
        ('on=event("a", int, rate_limit=(0, timedelta(hours=1)))', "on: 0 runs are less than 1"),
        (
            'on=event("a", int, rate_limit=(1, timedelta(days=15)))',
            "on: 15 days, 0:00:00 is not between zero and 14 days",
        ),
        ('on=event("a", int, debounce=timedelta(0))', "on: timedelta(0) is no timedelta(...) with named numbers"),
        ('on=event("a", int, debounce=timedelta(seconds=-1))', "is not between zero and 14 days"),
        ('on=event("a", int, throttle=timedelta(seconds=1))', "if you like, key=, rate_limit= and debounce="),
        ('on=event("a b", int)', "on: 'a b' is no event's name"),
        ('on=webhook("GitHub", int)', "on: 'GitHub' is no webhook's name"),
        ('on=event("succeeded:x", int)', "on: 'succeeded:x' is no event's name"),
        ('on=succeeded("other")', "on: succeeded('other') is no trigger"),
        ('on=event("a", X, key="x")', "on: 'x' does not name one field of the payload"),
        ('on=event("a", X, key=lambda x: x.a.b)', "on: lambda x: x.a.b does not name one field of the payload"),
        ('on=event("a", X, key=lambda x: y.b)', "on: lambda x: y.b does not name one field of the payload"),
        ("on=" + " | ".join(['cron("0 9 * * *")'] * 21), "on: 21 triggers, at most 20 are possible"),
        ("expect=5", "expect: this is no Expect(...)"),
        ("expect=Expect(within=5)", "within: 5 is no timedelta(...) with named numbers"),
        ("expect=Expect(within=timedelta(seconds=-5))", "within: -1 day, 23:59:55 is no time to wait"),
        ("expect=Expect(messages_at_most=-1)", "messages_at_most: -1 is not a whole number"),
        ("expect=Expect(messages_at_most=True)", "messages_at_most: True is not a whole number"),
        ("expect=Expect(cost=1)", "Expect has no cost="),
        ("concurrency=0", "concurrency: 0 is less than 1"),
        ("concurrency=len('ab')", "concurrency: len('ab') is not a whole number"),
        ('catch_up="some"', "catch_up: 'some' is no policy"),
        ('overlap="replace"', "overlap: 'replace' is no policy"),
        ("overlap=None", "overlap: None is not a text in quotes"),
        ("priority=11", "priority: 11 is out of range"),
        ("priority=-11", "priority: -11 is out of range"),
        ("priority=True", "priority: True is not a whole number"),
        ("deadline=60", "deadline: 60 is no timedelta(...) with named numbers"),
        ("deadline=timedelta(seconds=-1)", "deadline: -1 day, 23:59:59 is no time to wait"),
        ("budget=0", "budget: 0 is no sum to spend"),
        ("budget=-0.5", "budget: -0.5 is no sum to spend"),
        ("budget=1e300", "budget: 1e+300 is no sum to spend"),
        ("budget=True", "budget: True is no number"),
        ('host=["a.example.com"]', "skill has no host="),
        ("**settings", "skill takes its arguments from a **dict"),
        ('cron("0 9 * * *")', "skill takes keywords only"),
        ('reads="data/**"', "reads: 'data/**' is no list of texts"),
        ('reads=["data/" + "x"]', "reads: 'data/' + 'x' is not a text in quotes"),
        ('reads=["/etc/passwd"]', "reads: '/etc/passwd' is not relative to the workspace"),
        ('reads=["~/x"]', "reads: '~/x' is not relative to the workspace"),
        ('reads=["data/../../x"]', "reads: 'data/../../x' leaves the workspace"),
        ('reads=[""]', "reads: '' is no path"),
        ('reads=[".tend/tend.db"]', "reads: the store and the settings are not for skills to read"),
        ('reads=["./Tend.toml"]', "reads: the store and the settings are not for skills to read"),
    ],
)
def test_a_declaration_that_cannot_hold(arguments: str, reason: str) -> None:
    found = problem(skill(on=arguments))
    assert reason in found.reason
    assert found.source.strip().startswith("@skill(")


@pytest.mark.parametrize(
    "host",
    [
        "https://example.com",
        "example.com/path",
        "*.example.com",
        "Example.com",
        "example.com:99999",
        "example.com:",
        "exa mple.com",
        "",
        "-example.com",
        "example..com",
        "user@example.com",
        "a" * 64 + ".com",
    ],
)
def test_what_is_no_host(host: str) -> None:
    assert host_problem(host)


@pytest.mark.parametrize(
    ("host", "fix"),
    [
        ("http://127.0.0.1:8899/", 'Write "127.0.0.1:8899".'),
        ("https://api.example.com/v1?x=1", 'Write "api.example.com".'),
        ("https://api.example.com:443", 'Write "api.example.com".'),
        ("API.example.com:8443", 'Write "api.example.com:8443".'),
        ("*.example.com", 'Write the name alone: hosts=["api.example.com"].'),
        ("http://[", 'Write the name alone: hosts=["api.example.com"].'),
    ],
)
def test_what_is_no_host_is_told_with_the_host_in_it(host: str, fix: str) -> None:
    assert host_fix(host) == fix


@pytest.mark.parametrize(
    "host", ["example.com", "localhost", "127.0.0.1:8080", "api-2.shop.example.com", "xn--bcher-kva.example"]
)
def test_what_is_a_host(host: str) -> None:
    assert not host_problem(host)


PROTECTED = """
    skills/a.py ./skills/a.py skills lib/** * ** */x s*/a.py [s]kills/x ?kills/a.py reports/../skills/a.py .tend/x
    memory/notes.md SOUL.md soul.md USER.md MEMORY.md *.md tend.toml *.toml .. /tmp/x
"""


@pytest.mark.parametrize("glob", PROTECTED.split())
def test_where_a_skill_must_not_write(glob: str) -> None:
    assert write_problem(glob)


@pytest.mark.parametrize("glob", ["reports/**", "reports/*.md", "out.csv", "skills_report/a", "data/skills/a.txt"])
def test_where_a_skill_may_write(glob: str) -> None:
    assert not write_problem(glob)


@settings(deadline=None)
@given(st.text())
def test_a_host_that_is_allowed_is_no_address(host: str) -> None:
    if not host_problem(host):
        assert not set("/@?#*\\ ") & set(host)
        assert host.isascii()


# ---------------------------------------------------------------- the file as a whole

IRREVERSIBLE = 'irreversible=True, answer_within=timedelta(hours=1), on_expiry="no"'


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (skill().replace('"""Says what it costs."""', ""), "the file does not say what it is for"),
        (skill().replace('"""Says what it costs."""', '"""  """'), "the file does not say what it is for"),
        (HEAD, "the file has no @skill function"),
        (
            skill() + "\n@skill()\ndef other(run: Run) -> None: ...\n",
            "a file has exactly one @skill function",
        ),
        (skill().replace("def price(", "def cost("), "the skill is called 'cost', its file 'price'"),
        (skill().replace("def price(", "async def price("), "a skill is a plain function"),
        (f"{HEAD}@skill\ndef price(run: Run) -> Price:\n{BODY}", "@skill is written without parentheses"),
        (skill().replace("(run: Run)", "(run: Run, a: int, b: int)"), "the run and at most one payload"),
        (skill().replace("(run: Run)", "()"), "the run and at most one payload"),
        (skill().replace("(run: Run)", "(run: Run, **more: int)"), "the run and at most one payload"),
        (skill().replace("@step\n", "@step(attempts=0)\n"), "attempts: 0 is less than 1"),
        (skill().replace("@step\n", "@step(retries=3)\n"), "step has no retries="),
        (skill().replace("@step\n", '@step(does="pays")\n'), "does= belongs to an irreversible step"),
        (
            skill(before=f'@step({IRREVERSIBLE}, does="robs")\ndef pay(order: str) -> str: ...\n'),
            "does: 'robs' is no policy",
        ),
        (skill().replace("@step\n", "@step(lookup=find)\n"), "lookup= belongs to an irreversible step"),
        (
            skill(before=f"@step({IRREVERSIBLE}, lookup=find)\ndef pay(order: str) -> None: ...\n"),
            "it returns None, and from its look-up None says that it was not done",
        ),
        (
            skill(before="@step(irreversible=True)\ndef pay(order: str) -> str: ...\n"),
            "it does not say what happens where nobody answers",
        ),
        (
            skill(before=f"@step({IRREVERSIBLE.replace('no', 'yes')})\ndef pay(order: str) -> str: ...\n"),
            "on_expiry: 'yes' is no policy",
        ),
        (skill().replace("@step\n", "@step(timeout=30)\n"), "timeout: 30 is no timedelta"),
        (skill().replace("@step\ndef", "@step\nasync def"), "a step is a plain function"),
        (
            skill() + "\n@price.on_failure\ndef a(): ...\n@price.on_failure\ndef b(): ...\n",
            "at most one on_failure",
        ),
        (skill(before="A = B\nB = A\n", on="on=A"), "leads in a circle"),
        (
            skill(before="A = 1\nA = 2\n", on="concurrency=A"),
            "no constant that this file assigns exactly once",
        ),
        (
            skill("    global A\n    A = 2\n" + BODY, before="A = 1\n", on="concurrency=A"),
            "no constant that this file assigns exactly once",
        ),
    ],
)
def test_a_file_that_declares_no_skill(source: str, reason: str) -> None:
    assert reason in problem(source).reason


def test_all_problems_are_reported_at_once() -> None:
    reading = read_source(snapshot(skill(on='on=cron("x"), concurrency=0, catch_up="never"').replace('"""', "#", 1)))
    assert {"on", "concurrency", "catch_up"} <= {problem.reason.split(":")[0] for problem in reading.problems}


@settings(deadline=None)
@given(st.text(alphabet="0123456789*/,- LW#monjan", max_size=20))
def test_any_cron_expression_is_read_or_refused(expression: str) -> None:
    reading = read_source(snapshot(skill(on=f"on=cron({expression!r})")))
    assert reading.problems or reading.manifest
