"""Two skills whose verdict is known: one is good, one has three mistakes."""

from __future__ import annotations

from sidecar.checker.report import Snapshot

_SKILL = '''\
"""Say what a thing costs."""
from pydantic import BaseModel
from skills import Run, cron, http, skill, step

from lib.canary import rise


class Price(BaseModel):
    cents: int


@step(attempts=3)
def fetch(name: str) -> Price:
    return Price.model_validate_json(http.get(f"https://shop.example.com/{name}").content)


@skill(on=cron("0 9 * * *"), hosts=["shop.example.com"])
def canary(run: Run) -> Price:
    price = run.step(fetch, "tea")
    return Price(cents=rise(price.cents))
'''
_HELPER = "def rise(cents: int) -> int:\n    return cents + 1\n"

# What the good one has, and the bad one in its place.
_MISTAKES = (
    ("skills/canary.py", b'(fetch, "tea")', b"(fetch, 3)"),
    ("skills/canary.py", b"rise(price.cents)", b"rise(price.dollars)"),
    ("lib/canary.py", b"return cents + 1", b"return str(cents)"),
)


def _spoiled(good: Snapshot) -> Snapshot:
    files = dict(good.files)
    for path, right, wrong in _MISTAKES:
        files[path] = files[path].replace(right, wrong)
    return Snapshot(good.entry, files)


def _line(content: bytes, mistake: bytes) -> int:
    return content[: content.index(mistake)].count(b"\n") + 1


GOOD = Snapshot("skills/canary.py", {"skills/canary.py": _SKILL.encode(), "lib/canary.py": _HELPER.encode()})
BAD = _spoiled(GOOD)
BAD_LINES = frozenset((path, _line(BAD.files[path], wrong)) for path, _, wrong in _MISTAKES)
