"""The type errors that authors make most often, with what to write instead."""

from __future__ import annotations

import pytest

from tests.checker.conftest import BODY, Check, skill

MISTAKES = [
    ("    return fetch('tea')\n", "run.step(fetch, ...)"),
    ("    return run.step(fetch('tea'))\n", "run.step(fetch, ...)"),
    ("    return run.step('fetch', 'tea')\n", "decorated with @step"),
    ("    return run.map(fetch, {'tea'})[0]\n", "a list of such arguments"),
    ("    return run.step(fetch, 3)\n", "what the step's parameters"),
    ("    return run.ask('Is it fair?')\n", "returns=Type"),
    ("    run.sleep(60)\n" + BODY, "timedelta(seconds=...)"),
    ("    run.log(str(run.now()))\n" + BODY, "leave the parentheses out"),
    ("    run.wait(3)\n" + BODY, "Run has: id,"),
    ("    if run.approve('Buy?') == 'yes':\n        pass\n" + BODY, "if run.approve(...)"),
    ("    pass\n", "Return a value on every path"),
    ("    return Prise(cents=1)\n", "correct its spelling"),
    ("    last = run.state.get('last', int)\n    return Price(cents=last + 1)\n", "Handle the None first"),
]


@pytest.mark.parametrize(("body", "fix"), MISTAKES)
def test_a_mistake_in_the_body(check: Check, body: str, fix: str) -> None:
    [problem] = check(skill(body)).problems
    assert problem.stage == "types"
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("before", "fix"),
    [
        ("def plain(name) -> None: ...\n", "Annotate each parameter"),
        ("def plain() -> dict: ...\n", "list[str], dict[str, int]"),
        ("@step\ndef raw() -> bytes:\n    return b''\n", "what JSON can hold"),
        ("@step\ndef raw() -> Price:\n    return http.get('x').json()\n", "Model.model_validate_json"),
        ("from skills import retry\n", "The author API is: "),
        ("import typing\nname: typing.Nothing\n", ""),
    ],
)
def test_a_mistake_beside_it(check: Check, before: str, fix: str) -> None:
    problems = check(skill(before=before)).problems
    assert {problem.stage for problem in problems} == {"types"}
    assert any(fix in problem.fix for problem in problems)


def test_a_skill_with_a_schedule_takes_no_payload(check: Check) -> None:
    [problem] = check(skill().replace("(run: Run)", "(run: Run, name: str)")).problems
    assert "def name(run: Run)" in problem.fix


def test_a_module_that_is_not_in_the_cache_is_looked_up(check: Check) -> None:
    before = "import ipaddress\n"
    assert check(skill("    run.log(str(ipaddress.ip_address('::1')))\n" + BODY, before=before)).passed
    [problem] = check(skill("    ipaddress.ip_addres('::1')\n" + BODY, before=before)).problems
    assert problem.stage == "types"


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("    n = run.state.get('n', int) + 1\n    run.log(str(n))\n", "run.state.get('n', int, 0)"),
        ("    run.state.put('n', run.state.get('n', float) + 1)\n", "run.state.get('n', float, 0.0)"),
        ("    for name in run.state.get('names', list[str]):\n        run.log(name)\n", "('names', list[str], [])"),
        ("    n: int = run.state.get('n', int)\n    run.log(str(n))\n", "run.state.get('n', int, 0)"),
        ("    price = run.state.get('price', Price)\n    run.log(str(price.cents))\n", "Handle the None first"),
    ],
)
def test_a_state_that_may_not_be_there_yet(check: Check, body: str, fix: str) -> None:
    [problem] = check(skill(body + BODY)).problems
    assert fix in problem.fix


def test_what_a_run_has_is_listed_once_and_whole(check: Check) -> None:
    [problem] = check(skill("    run.wait(3)\n" + BODY)).problems
    names = problem.fix.removeprefix("Run has: ").removesuffix(".").split(", ")
    assert len(names) == len(set(names))
    assert {"state", "random", "map", "step"} <= set(names)
    assert "quiet_because" not in names


def test_what_only_follows_from_another_problem_is_not_told(check: Check) -> None:
    [problem] = check(skill("    found = run.nope\n    return found\n")).problems
    assert "nope" in problem.reason
    before = "@step\ndef raw() -> int:\n    return http.get('x').json()['count']\n\n\n"
    problems = check(skill("    found = run.nope\n    return found\n", before=before)).problems
    assert len(problems) == 2, "another definition's own problem stays"
