"""Outside a step a skill does what would be the same again; the world is touched in steps, through the gateway."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.checker.read_source import read_source
from sidecar.checker.report import Problem
from tests.checker.conftest import BODY, skill, snapshot


def problems(source: str, **helpers: str) -> list[Problem]:
    reading = read_source(snapshot(source, **helpers))
    assert all(problem.stage == "body" for problem in reading.problems), reading.problems
    assert all(problem.fix for problem in reading.problems)
    return list(reading.problems)


def in_body(statement: str, before: str = "") -> str:
    return skill(f"    {statement}\n{BODY}", before=before)


def in_step(statement: str, before: str = "") -> str:
    return skill(before=f"{before}@step\ndef another() -> None:\n    {statement}\n\n")


OUTSIDE = [
    ("datetime.now()", "", "run.now"),
    ("date.today()", "", "run.now.date()"),
    ("run.log(str(datetime.now().date()))", "", "run.now"),
    ("time.time()", "import time\n", "run.now"),
    ("now()", "from time import monotonic as now\n", "run.now"),
    ("clock.sleep(3)", "import time as clock\n", "run.sleep"),
    ("random.random()", "import random\n", "run.random"),
    ("shuffle([1])", "from random import shuffle\n", "run.random"),
    ("uuid.uuid4()", "import uuid\n", "run.key"),
    ("secrets.token_hex()", "import secrets\n", "run.key"),
    ("print('hi')", "", "run.log"),
    ("logging.info('hi')", "import logging\n", "run.log"),
    ("hash('x')", "", "hashlib"),
    ("http.get('https://shop.example.com')", "", "@step"),
    ("files.read('data/x')", "", "@step"),
]


@pytest.mark.parametrize(("statement", "before", "fix"), OUTSIDE)
def test_refused_outside_a_step_and_possible_inside(statement: str, before: str, fix: str) -> None:
    [problem] = problems(in_body(statement, before))
    assert "outside a step" in problem.reason
    assert fix in problem.fix
    assert problem.source.strip() == statement
    if "run." not in statement:
        assert problems(in_step(statement, before)) == []


def test_an_answer_that_nobody_looks_at_is_refused() -> None:
    declared = 'irreversible=True, answer_within=timedelta(hours=1), on_expiry="no"'
    before = f"@step({declared})\ndef wipe() -> None: ...\n\n"
    [problem] = problems(in_body("run.step_if_approved('Wipe it?', wipe)", before))
    assert "done is None" in problem.fix
    assert problems(in_body("done = run.step_if_approved('Wipe it?', wipe)", before)) == []


EVERYWHERE = [
    ("open('x')", "", "files.read"),
    ("pathlib.Path('x').read_text()", "import pathlib\n", "files.read"),
    ("Path('x').unlink()", "from pathlib import Path\n", "files.read"),
    ("os.environ['HOME']", "import os\n", "constants"),
    ("os.system('ls')", "import os\n", "http"),
    ("system('ls')", "from os import system\n", "http"),
    ("eval('1')", "", "Write the code out"),
    ("exec('1')", "", "Write the code out"),
    ("__import__('socket')", "", "Write the code out"),
    ("input('name?')", "", "run.approve"),
]


@pytest.mark.parametrize("place", [in_body, in_step])
@pytest.mark.parametrize(("statement", "before", "fix"), EVERYWHERE)
def test_refused_everywhere(place: Callable[[str, str], str], statement: str, before: str, fix: str) -> None:
    [problem] = problems(place(statement, before))
    assert fix in problem.fix
    assert problem.source.strip() == statement


@pytest.mark.parametrize(
    ("statement", "fix"),
    [
        ("import requests", "http.get"),
        ("import httpx", "http.get"),
        ("from httpx2 import get", "http.get"),
        ("import aiohttp.client", "http.get"),
        ("import urllib.request", "http.get"),
        ("from urllib import request", "http.get"),
        ("from urllib.request import urlopen", "http.get"),
        ("import socket", "http.get"),
        ("import subprocess", "shell.run"),
        ("import multiprocessing.pool", "one thread"),
        ("import threading", "one thread"),
        ("from concurrent.futures import ThreadPoolExecutor", "one thread"),
        ("import asyncio", "one thread"),
        ("import ctypes", "shell.run"),
        ("import anthropic", "run.ask"),
        ("import importlib", "Write the code out"),
        ("import pickle", "pydantic"),
        ("import sqlite3", "run.state"),
        ("import tempfile", "files.read"),
        ("import numpy", "Do without it"),
        ("import sidecar.store", "Do without it"),
        ("import skills", "from skills import"),
        ("from skills.wire import Start", "from skills import"),
        ("from skills.other_skill import fetch", "lies in lib"),
        ("from skills import *", "each name"),
        ("from math import *", "each name"),
        ("from . import helper", "from lib"),
        ("from lib.gone import x", "Save it as lib/gone.py"),
        ("import lib.gone", "Save it as lib/gone.py"),
    ],
)
def test_an_import_that_is_refused(statement: str, fix: str) -> None:
    [problem] = problems(skill(before=statement + "\n"))
    assert fix in problem.fix
    assert problem.source == statement
    if "*" not in statement:  # there it would be a syntax error
        assert problems(in_step(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "import json",
        "import urllib.parse",
        "from urllib.error import URLError",
        "import http.cookies",
        "from pathlib import PurePosixPath",
        "from pydantic import Field",
        "import collections.abc as abc",
        "from lib.maths import twice",
        "from lib import maths",
        "import lib.maths",
    ],
)
def test_an_import_that_is_possible(statement: str) -> None:
    assert problems(skill(before=statement + "\n"), maths="def twice(x: int) -> int:\n    return 2 * x\n") == []


# ---------------------------------------------------------------- what the body leads to


def test_a_function_that_the_body_calls() -> None:
    before = "def stamp() -> str:\n    return inner()\n\ndef inner() -> str:\n    return str(datetime.now())\n\n"
    [problem] = problems(in_body("stamp()", before))
    assert problem.source.strip() == "return str(datetime.now())"
    assert problems(in_step("stamp()", before)) == []


@pytest.mark.parametrize(
    ("statement", "before"),
    [
        ("stamp()", "from lib.clock import stamp\n"),
        ("clock.stamp()", "from lib import clock\n"),
        ("lib.clock.stamp()", "import lib.clock\n"),
        ("list(map(s, [1]))", "from lib.clock import stamp as s\n"),
        ("stamp()", "from lib import stamp\n"),
        ("Clock().read()", "from lib.clock import Clock\n"),
    ],
)
def test_a_helper_that_the_body_calls(statement: str, before: str) -> None:
    clock = (
        "from datetime import datetime\n\ndef stamp() -> str:\n    return str(datetime.now())\n\n"
        "class Clock:\n    def read(self) -> str:\n        return str(datetime.now())\n"
    )
    helpers = {"clock": clock, "__init__": "from lib.clock import stamp\n"}
    [problem] = problems(in_body(statement, before), **helpers)
    assert (problem.file, problem.line) == ("lib/clock.py", 8 if "Clock" in statement else 4)
    assert problems(in_step(statement, before), **helpers) == []


def test_a_method_of_what_a_step_returns() -> None:
    before = (
        "class Offer(BaseModel):\n    until: datetime\n"
        "    def ended(self) -> bool:\n        return self.until < datetime.now()\n\n"
        "@step\ndef offer() -> Offer: ...\n\n"
    )
    [problem] = problems(in_body("run.step(offer).ended()", before))
    assert problem.source.strip() == "return self.until < datetime.now()"


def test_a_step_in_lib_is_a_step() -> None:
    helper = "import time\nfrom skills import step\n\n@step\ndef now() -> float:\n    return time.time()\n"
    assert problems(in_body("run.step(now)", "from lib.clock import now\n"), clock=helper) == []


def test_the_failure_handler_is_a_body() -> None:
    handler = "\n@price.on_failure\ndef failed(run: Run, failure: Failure) -> None:\n    print(failure)\n"
    [problem] = problems(skill() + handler)
    assert "print is not possible outside a step" in problem.reason


def test_a_local_name_is_not_the_module_of_that_name() -> None:
    body = "    random = run.random\n    random.random()\n    open = 3\n    run.log(str(open))\n"
    assert problems(skill(body + BODY, before="import random\n")) == []


@pytest.mark.parametrize(
    "lines",
    [
        "match {}:\n        case {'id': id, **vars}:\n            run.log(f'{id} {vars}')",
        "match [1]:\n        case [*dir] as input:\n            run.log(f'{dir} {input}')",
        "try:\n        pass\n    except ValueError as open:\n        run.log(f'{open}')",
    ],
)
def test_what_a_pattern_or_an_except_binds_is_no_builtin(lines: str) -> None:
    assert problems(in_body(lines)) == []


def test_circles_end() -> None:
    before = "def a() -> None:\n    b()\n\ndef b() -> None:\n    a()\n\n"
    helpers = {"x": "from lib.y import f\n", "y": "from lib.x import f\n"}
    assert problems(in_body("a()", before), **helpers) == []
    assert problems(in_body("f()", "from lib.x import f\n"), **helpers) == []


# ---------------------------------------------------------------- suspension


SWALLOWING = {
    "bare": ["try:", "    run.sleep(timedelta(1))", "except:", "    pass"],
    "all": ["try:", "    run.sleep(timedelta(1))", "except BaseException:", "    pass"],
    "tuple": [
        "try:",
        "    run.sleep(timedelta(1))",
        "except (OSError, BaseException) as e:",
        "    raise OSError from e",
    ],
    "finally": [
        "for _ in [1]:",
        "    try:",
        "        run.sleep(timedelta(1))",
        "    finally:",
        "        break",
    ],
    "suppress": ["with suppress(BaseException):", "    run.sleep(timedelta(1))"],
}


@pytest.mark.parametrize("way", SWALLOWING)
def test_swallowing_a_suspension(way: str) -> None:
    body = "".join(f"    {line}\n" for line in SWALLOWING[way]) + BODY
    [problem] = problems(skill(body, before="from contextlib import suppress\n"))
    assert "would" in problem.reason


@pytest.mark.parametrize("handler", ["except Exception: pass", "except BaseException: raise", "finally: pass"])
def test_handling_errors_is_possible(handler: str) -> None:
    assert problems(skill(f"    try:\n        run.sleep(timedelta(1))\n    {handler}\n{BODY}")) == []


# ---------------------------------------------------------------- the top level


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("for x in [1]: pass", "only definitions and constants"),
        ("run_me()", "only definitions and constants"),
        ("if True: X = 1", "only definitions and constants"),
        ("if __name__ == '__main__': price(None)", "not run as a script"),
        ("NOW = datetime.now()", "outside a step"),
        ("DATA = http.get('https://shop.example.com')", "outside a step"),
        ("def f(at: datetime = datetime.now()) -> None: ...", "outside a step"),
        ("class C:\n    at = datetime.now()", "outside a step"),
        ("async def f() -> None: ...", "synchronous"),
        ("def f() -> None:\n    @step\n    def g() -> None: ...", "defined inside"),
        ("x = 1  # type: ignore", "switch the type check off"),
        ("# mypy: ignore-errors", "switch the type check off"),
    ],
)
def test_refused_at_the_top_level(statement: str, reason: str) -> None:
    [problem] = problems(skill(before=statement + "\n"))
    assert reason in problem.reason


def test_possible_at_the_top_level() -> None:
    before = (
        "from typing import TYPE_CHECKING, TypeAlias\nif TYPE_CHECKING:\n    from collections.abc import Iterator\n"
        'Names: TypeAlias = list[str]\nLIMITS = {"tea": timedelta(days=1)}\n"""What LIMITS is."""\n'
        "DOUBLE = [2 * n for n in range(3)]\n"
    )
    assert problems(skill(before=before)) == []
