"""A program that a step runs by a name that is written out is one that the skill declares."""

from __future__ import annotations

import pytest

from sidecar.checker.read_source import read_source
from sidecar.checker.report import Problem
from tests.checker.conftest import BODY, HEAD, snapshot


def problems(call: str) -> list[Problem]:
    step = f"@step\ndef total(name: str) -> str:\n    return {call}.output\n\n\n"
    head = HEAD.replace("import Expect", "import Expect, shell")
    source = f'{head}{step}@skill(hosts=["shop.example.com"], commands=["jq"])\ndef price(run: Run) -> Price:\n{BODY}'
    return list(read_source(snapshot(source)).problems)


@pytest.mark.parametrize(
    "call", ['shell.run(["jq", ".sum"])', 'shell.run(("jq", name))', "shell.run(name.split())", "shell.run([name])"]
)
def test_what_is_declared_or_computed_passes(call: str) -> None:
    assert problems(call) == []


@pytest.mark.parametrize("call", ['shell.run(["awk", name])', 'shell.run(("awk",))', 'shell.run(argv=["awk"])'])
def test_what_is_not_declared_is_refused_with_the_line_to_write(call: str) -> None:
    [problem] = problems(call)
    assert problem.reason == "the program 'awk' is not declared"
    assert problem.fix.startswith('Write in @skill(...): commands=["jq", "awk"].')


def test_a_path_is_no_name() -> None:
    [problem] = problems('shell.run(["/usr/bin/jq"])')
    assert problem.fix.startswith("Run it by its name alone")
