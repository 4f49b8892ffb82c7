"""A version runs from its pinned texts: the disk does not matter, and tracebacks show the pinned lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skills import Misdeclared
from skills.execute import execute
from skills.loading import PinnedFinder, load
from skills.testing import load_skill
from skills.wire import Code, Raised, Succeeded
from tests.skills.scripted import PlayedPort, start

PRICE = '''"""Prices."""
from __future__ import annotations
from lib.money.parse import cents
from skills import Run, skill

@skill()
def pinned_price(run: Run, text: str) -> int:
    return cents(text)
'''
PARSE = """def cents(text: str) -> int:
    return int(text) * 100
"""


@pytest.fixture(autouse=True)
def nothing_stays_loaded() -> Iterator[None]:
    yield
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PinnedFinder)]
    for name in [name for name in sys.modules if name.partition(".")[0] in {"lib", "pinned_price"}]:
        del sys.modules[name]


def code(price: str = PRICE, parse: str = PARSE, function: str = "pinned_price") -> Code:
    files = {"skills/pinned_price.py": price, "lib/money/parse.py": parse}
    return Code(entry="skills/pinned_price.py", function=function, files=files)


def test_the_module_and_its_helpers_come_from_the_texts() -> None:
    pinned = code()
    skill = load(pinned)
    assert skill.function.__module__ == "pinned_price"
    assert execute(start(skill, "12", code=pinned), PlayedPort(), skill).result == Succeeded(output=1200)


def test_another_version_replaces_the_one_before_helpers_included() -> None:
    load(code())
    pinned = code(parse=PARSE.replace("100", "1000"))
    skill = load(pinned)
    assert execute(start(skill, "1", code=pinned), PlayedPort(), skill).result == Succeeded(output=1000)


def test_a_traceback_shows_the_pinned_lines_and_no_others() -> None:
    pinned = code()
    skill = load(pinned)
    result = execute(start(skill, "x", code=pinned), PlayedPort(), skill).result
    assert isinstance(result, Raised)
    assert 'File "skills/pinned_price.py", line 8' in result.error.traceback
    assert "return int(text) * 100" in result.error.traceback
    assert result.error.traceback.count("File ") == 2


def test_skills_is_always_the_author_api() -> None:
    import skills

    load(code())
    assert sys.modules["skills"] is skills


@pytest.mark.parametrize(
    ("pinned", "says"),
    [
        (code(function="nope"), "expected a function decorated with @skill"),
        (code(function="cents"), "is function, expected"),
        (Code(entry="skills/json.py", function="json", files={"skills/json.py": ""}), "'json' is taken"),
        (Code(entry="skills/a-b.py", function="a", files={"skills/a-b.py": ""}), "called like a Python name"),
    ],
)
def test_what_cannot_be_loaded_says_why(pinned: Code, says: str) -> None:
    with pytest.raises(Misdeclared, match=says):
        load(pinned)


def test_shipped_skills_are_imported() -> None:
    with pytest.raises(Misdeclared, match=r"skills\.http\.get is function"):
        load(Code(entry="", function="get", import_from="skills.http"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for path, text in code().files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_byte_order_mark_is_no_part_of_the_text(workspace: Path) -> None:
    for path in ("skills/pinned_price.py", "lib/money/parse.py"):
        (workspace / path).write_text((workspace / path).read_text(), "utf-8-sig")
    assert load_skill(workspace / "skills/pinned_price.py").name == "pinned_price"


@pytest.mark.parametrize("path", ["lib/my-notes.py", "lib/.ipynb_checkpoints/parse-checkpoint.py"])
def test_what_cannot_be_imported_from_lib_is_not_read(workspace: Path, path: str) -> None:
    (workspace / path).parent.mkdir(exist_ok=True)
    (workspace / path).write_bytes(b"\xff")
    assert load_skill(workspace / "skills/pinned_price.py").name == "pinned_price"
