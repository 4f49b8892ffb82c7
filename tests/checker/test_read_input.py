"""What a skill takes, read from its annotation: pydantic's own schema is the reference where it can be read at all."""

from __future__ import annotations

import json
import typing
from datetime import date, datetime, time, timedelta
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from sidecar.checker.parse import parse
from sidecar.checker.read_input import LARGEST_VALUE, InputReader
from sidecar.checker.report import Snapshot

HEAD = """import datetime as dt
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, auto
from typing import Annotated, Any, Literal, Optional, Union
from pydantic import BaseModel, Field
"""

CLASSES = '''
class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Named(BaseModel):
    name: str


class Order(Named):
    """What is ordered."""

    count: int = Field(default=3, ge=1, lt=10, description="How many")
    price: float = -2.5
    gift: bool = False
    how: Literal["post", "courier"] = "post"
    colour: Colour = Colour.RED
    level: Level = Level.HIGH
    on: date | None = None
    tags: list[str] = []
    parts: "list[Named]" = Field(default_factory=list)
    code: str = Field(min_length=2, max_length=5, pattern="^[a-z]+$")
    size: int = Field(alias="Size")
    anything: Any = None
    more: dict[str, int] = {"a": 1}
'''


def schema(annotation: str, classes: str = "", **helpers: str) -> dict[str, Any]:
    source = f"{HEAD}{classes}\ndef price(run, given: {annotation}):\n    pass\n"
    files = {"skills/price.py": source} | {f"lib/{name}.py": text for name, text in helpers.items()}
    modules, problems = parse(Snapshot("skills/price.py", {path: text.encode() for path, text in files.items()}))
    assert not problems
    skill = modules.pop("skills/price.py")
    function = next(node for node in skill.definitions if node.name == "price")
    return InputReader((skill, *modules.values())).read(function)  # type: ignore[arg-type] # it is a function


@pytest.mark.parametrize(
    "annotation",
    [
        "str", "int", "float", "bool", "date", "datetime", "time", "timedelta", "list[int]", "str | None",
        "Optional[int]", "Union[int, str, None]", "Literal['a', 'b']", "list[list[bool]]", "'list[str]'",
        "Annotated[int, 'a note']", "list[Literal[1, 2]] | None",
    ],
)  # fmt: skip
def test_simple_types_are_told_as_pydantic_tells_them(annotation: str) -> None:
    names: dict[str, Any] = {"date": date, "datetime": datetime, "time": time, "timedelta": timedelta}
    names |= {"Optional": Optional, "Union": Union, "Literal": Literal, "Annotated": Annotated}
    form = eval(annotation, names)  # noqa: S307 # the test's own words
    told = TypeAdapter(eval(form, names) if isinstance(form, str) else form).json_schema()  # noqa: S307

    def plain(value: Any) -> Any:
        """Pydantic tells an enumeration's type too."""
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items() if not ("enum" in value and name == "type")}
        return [plain(item) for item in value] if isinstance(value, list) else value

    assert schema(annotation) == {**plain(told), "title": "given"}


def test_a_model_with_what_its_fields_say() -> None:
    told = schema("Order", CLASSES)

    assert told["title"] == "given"
    assert told["description"] == "What is ordered."
    assert told["required"] == ["name", "code", "Size"]
    assert told["properties"] == {
        "name": {"type": "string"},
        "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "description": "How many", "default": 3},
        "price": {"type": "number", "default": -2.5},
        "gift": {"type": "boolean", "default": False},
        "how": {"enum": ["post", "courier"], "default": "post"},
        "colour": {"enum": ["red", "green"], "default": "red"},
        "level": {"enum": [1, 2], "default": 2},
        "on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        "parts": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
        "code": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
        "Size": {"type": "integer"},
        "anything": {"default": None},
        "more": {"type": "object", "default": {"a": 1}},
    }


def test_a_model_of_a_helper() -> None:
    helper = "from pydantic import BaseModel\nclass Item(BaseModel):\n    pieces: int = 1\n"
    told = schema("list[Item]", "from lib.shop import Item\n", shop=helper)
    assert told["items"]["properties"] == {"pieces": {"type": "integer", "default": 1}}


@pytest.mark.parametrize(
    "annotation", ["Unknown", "made()", "Made", "object", "Strange", "str | Unknown", "Literal[b'x']", "'a b'"]
)
def test_what_can_not_be_read_is_open(annotation: str) -> None:
    classes = "Made = str\nclass Strange:\n    x: int\n"
    assert schema(annotation, classes) == {"title": "given"}


def test_types_within_one_another_have_an_end() -> None:
    """A class of itself, and forty that hold the next one twice."""
    tree = "class Tree(BaseModel):\n    left: 'Tree'\n    right: 'Tree'\n"
    wide = "".join(f"class C{n}(BaseModel):\n    a: 'C{n + 1}'\n    b: 'C{n + 1}'\n" for n in range(40))

    assert schema("Tree", tree)["properties"] == {"left": {}, "right": {}}
    assert len(json.dumps(schema("C0", wide))) < 100_000
    assert schema("list[" * 100 + "int" + "]" * 100)


@pytest.mark.parametrize(
    "default", [f"'{'x' * LARGEST_VALUE}'", "1e999", "b'x'", "'\\ud800'", "{1, 2}", "time.time()", "...", "1j"]
)
def test_a_default_that_is_no_json_is_left_out(default: str) -> None:
    told = schema("M", f"class M(BaseModel):\n    a: object = {default}\n")
    assert told["properties"] == {"a": {}}
    assert told["required"] == []


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_a_default_that_is_written_out_is_the_default(value: JsonValue) -> None:
    told = schema("M", f"class M(BaseModel):\n    a: object = {value!r}\n")
    assert told["properties"] in ({"a": {"default": value}}, {"a": {}})


def test_the_readable_part_is_what_pydantic_says_of_the_model() -> None:
    space: dict[str, Any] = {"Enum": Enum, "IntEnum": IntEnum, "BaseModel": BaseModel, "Field": Field, "date": date}
    space |= {"Literal": Literal, "Any": typing.Any, "__name__": __name__}
    exec(CLASSES, space)  # noqa: S102 # the test's own words
    space["Order"].model_rebuild(_types_namespace=space)
    theirs, ours = space["Order"].model_json_schema(), schema("Order", CLASSES)

    assert list(ours["properties"]) == list(theirs["properties"])
    assert ours["required"] == theirs["required"]
    defaults = {name: item["default"] for name, item in theirs["properties"].items() if "default" in item}
    assert {name: item["default"] for name, item in ours["properties"].items() if "default" in item} == defaults
