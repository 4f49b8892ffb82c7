"""Runs are found by what was in them: their input, output and error, and what their steps were given and returned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sidecar.client.views import Narrowed
from tests.support.live_sidecar import LiveSidecar

SOUGHT = '''"""Say it back, and keep a receipt."""

from skills import Run, skill, step


@step()
def receipt(words: str) -> list[str]:
    return [words, "Receipt 4711 for " + words]


@skill()
def sought(run: Run, words: str) -> str:
    run.step(receipt, words)
    if words == "fail":
        raise ValueError("Nobody of that name lives here")
    return f"heard: {words}"
'''
WORDS = ("lamps", 'a "quoted" lamp\nÄrger 100% _', "fail")


@pytest.fixture(scope="module")
def made(sidecar: LiveSidecar) -> dict[str, str]:
    """The words of each run, by its id."""
    sidecar.put("sought", SOUGHT)
    return {sidecar.run("sought", words).run.id: words for words in WORDS}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("heard: lamps", ["lamps"]),
        ("HEARD", [WORDS[1], "lamps"]),
        ("receipt 4711", ["fail", WORDS[1], "lamps"]),
        ("nobody OF that", ["fail"]),
        ('"quoted" lamp\n', [WORDS[1]]),
        ("Ärger", [WORDS[1]]),
        ("100% _", [WORDS[1]]),
        ("1%0", []),
        ("not there", []),
        ("", ["fail", WORDS[1], "lamps"]),
    ],
)
def test_newest_first_whatever_the_case(
    sidecar: LiveSidecar, made: dict[str, str], text: str, found: list[str]
) -> None:
    told = sidecar.client.search(Narrowed(skill="sought"), text)
    assert [made[run.id] for run in told.runs] == found
    assert told.whole


def test_a_search_can_be_narrowed(sidecar: LiveSidecar, made: dict[str, str]) -> None:
    now = datetime.now(UTC)

    def found(limit: int = 50, **wanted: object) -> list[str]:
        told = sidecar.client.search(Narrowed.model_validate(wanted), "receipt", limit=limit)
        return [made[run.id] for run in told.runs]

    assert found(skill="sought", state="failed") == ["fail"]
    assert found(trigger="call") == ["fail", WORDS[1], "lamps"]
    assert found(trigger="cron") == []
    assert found(skill="sought", since=now + timedelta(hours=1)) == []
    assert found(skill="sought", since=now - timedelta(hours=1), until=now + timedelta(hours=1), limit=1) == ["fail"]
    version = sidecar.active("sought") or ""
    assert len(found(version=version[:8])) == 3
    assert found(version="0" * 8) == []
