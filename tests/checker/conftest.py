"""A checker whose knowledge of libraries is computed once for all tests, and skills to feed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from sidecar.checker.process import CheckerProcess
from sidecar.checker.report import Report, Snapshot
from sidecar.checker.warm_checks import WarmChecks
from tests.support.library import give_library

Check: TypeAlias = Callable[..., Report]

HEAD = '''"""Says what it costs."""
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from skills import Expect, Failure, Run, at, cron, event, every, files, http, skill, step, webhook


class Price(BaseModel):
    cents: int


@step
def fetch(name: str) -> Price:
    return Price.model_validate_json(http.get(f"https://shop.example.com/{name}").content)


'''


BODY = "    return run.step(fetch, 'tea')\n"


def skill(body: str = BODY, *, on: str = 'on=cron("0 9 * * *")', before: str = "") -> str:
    """The source of a skill `price` with a step `fetch`; `before` stands above its function."""
    return f'{HEAD}{before}@skill({on}, hosts=["shop.example.com"])\ndef price(run: Run) -> Price:\n{body}'


def snapshot(source: str, **helpers: str) -> Snapshot:
    files = {"skills/price.py": source} | {f"lib/{name}.py": text for name, text in helpers.items()}
    return Snapshot("skills/price.py", {path: text.encode() for path, text in files.items()})


@pytest.fixture(scope="session")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmChecks]:
    """With a zygote that is ready."""
    checks = WarmChecks(give_library(tmp_path_factory.mktemp("warm")))
    checks.start()
    try:
        assert checks.warm.wait_until_ready(60)
        yield checks
    finally:
        checks.close()


@pytest.fixture(scope="session", params=["throwaway", "warm"])
def checker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckerProcess]:
    """Each kind in turn: whatever a test says of one holds for the other."""
    if request.param == "throwaway":
        yield CheckerProcess(give_library(tmp_path_factory.mktemp("checker")))
        return
    checks: WarmChecks = request.getfixturevalue("checks")
    yield CheckerProcess(give_library(tmp_path_factory.mktemp("checker")), reader=checks.reader, types=checks.types)
    assert checks.warm.unanswered == 0, "a throwaway process gave a verdict instead"


@pytest.fixture
def check(checker: CheckerProcess) -> Check:
    """The whole check of a source, with its helpers by name."""
    return lambda source, **helpers: checker.check(snapshot(source, **helpers))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for folder in ("skills", "lib"):
        (tmp_path / "workspace" / folder).mkdir(parents=True)
    return tmp_path / "workspace"
