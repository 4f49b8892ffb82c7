"""A secret is used by its declared name, and is never made into text."""

from __future__ import annotations

import pytest

from sidecar.checker.read_source import read_source
from sidecar.checker.report import Problem
from tests.checker.conftest import BODY, HEAD, snapshot


def source(line: str, declared: str = '"SHOP_TOKEN"') -> str:
    step = f"@step\ndef ask(name: str) -> None:\n    {line}\n\n\n"
    head = HEAD.replace("import Expect", "import Expect, secret")
    return (
        f'{head}{step}@skill(hosts=["shop.example.com"], secrets=[{declared}])\ndef price(run: Run) -> Price:\n{BODY}'
    )


def problems(line: str, declared: str = '"SHOP_TOKEN"') -> list[Problem]:
    return list(read_source(snapshot(source(line, declared))).problems)


@pytest.mark.parametrize(
    "line",
    [
        'http.get("https://shop.example.com", bearer=secret("SHOP_TOKEN"))',
        'http.post("https://shop.example.com", json={"key": secret("SHOP_TOKEN")})',
        'http.get("https://shop.example.com", auth=http.basic("me", secret("SHOP_TOKEN")))',
    ],
)
def test_it_is_passed_as_it_is(line: str) -> None:
    reading = read_source(snapshot(source(line)))
    assert reading.problems == ()
    assert reading.manifest is not None
    assert reading.manifest.secrets == ("SHOP_TOKEN",)


@pytest.mark.parametrize(
    "line",
    [
        'print(f"{secret("SHOP_TOKEN")}")'.replace('f"', "f'").replace('}")', "}')"),
        'token = secret("SHOP_TOKEN"); f"Bearer {token}"',
        'str(secret("SHOP_TOKEN"))',
        '"Bearer " + secret("SHOP_TOKEN")',
        '"Bearer %s" % secret("SHOP_TOKEN")',
        '"Bearer {}".format(secret("SHOP_TOKEN"))',
    ],
)
def test_what_would_make_it_text_is_refused_with_what_to_write(line: str) -> None:
    found = problems(line)
    assert {problem.reason for problem in found} == {"a secret has no text: its value never gets here"}
    assert "bearer=" in found[0].fix


def test_one_that_is_not_declared_is_refused_with_the_line_to_write() -> None:
    [problem] = problems('http.get("https://shop.example.com", bearer=secret("OTHER"))')
    assert problem.reason == "the secret 'OTHER' is not declared"
    assert problem.fix == 'Write in @skill(...): secrets=["SHOP_TOKEN", "OTHER"].'


def test_a_computed_name_is_refused() -> None:
    [problem] = problems("http.get('https://shop.example.com', bearer=secret(name))")
    assert problem.reason == "the name of a secret is computed"


def test_a_name_that_none_can_have_is_refused() -> None:
    [problem] = problems("pass", declared='"shop-token"')
    assert problem.stage == "manifest"
    assert "no name of a secret" in problem.reason


def test_outside_a_step_there_is_nothing_to_send_it_with() -> None:
    text = source("pass").replace(BODY, f"    token = secret('SHOP_TOKEN')\n{BODY}")
    [problem] = read_source(snapshot(text)).problems
    assert "outside a step" in problem.reason
