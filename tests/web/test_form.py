"""The form to run a skill: its fields are what the skill's type says."""

from __future__ import annotations

from typing import Any

import pytest

from harness.web.form import Field, fields
from sidecar.client import views

from .conftest import Web


def form(schema: dict[str, Any], given: Any = None) -> tuple[Field, ...]:
    return fields(views.Manifest(name="a", purpose="A.", takes_input=True, input_schema=schema), given)


def only(schema: dict[str, Any]) -> Field:
    (field,) = form({"title": "given", **schema})
    return field


@pytest.mark.parametrize(
    ("schema", "kind", "type_", "text"),
    [
        ({"type": "string"}, "text", "text", ""),
        ({"type": "integer", "default": 3}, "integer", "number", "3"),
        ({"type": "number", "default": -2.5}, "number", "number", "-2.5"),
        ({"type": "boolean", "default": True}, "boolean", "text", ""),
        ({"enum": ["a", 1], "default": "a"}, "choice", "text", '"a"'),
        ({"type": "string", "format": "date", "default": "2026-11-27"}, "text", "date", "2026-11-27"),
        ({"type": "string", "format": "date-time"}, "text", "text", ""),
        ({"type": "array", "items": {"type": "string"}, "default": ["a", "b"]}, "lines", "text", "a\nb"),
        ({"type": "array", "items": {"type": "string"}, "default": ["a\nb"]}, "json", "text", '[\n  "a\\nb"\n]'),
        ({"type": "array", "items": {"type": "string"}, "default": [" "]}, "json", "text", '[\n  " "\n]'),
        ({"type": "array", "items": {"type": "array"}}, "json", "text", ""),
        ({"type": "object", "default": {"a": 1}}, "json", "text", '{\n  "a": 1\n}'),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "json", "text", ""),
        ({}, "json", "text", ""),
    ],
)
def test_a_field_fits_its_type_and_holds_its_default(schema: dict[str, Any], kind: str, type_: str, text: str) -> None:
    field = only(schema)
    assert (field.kind, field.type, field.text) == (kind, type_, text)
    assert field.required == ("default" not in schema and kind != "boolean")


def test_what_may_be_null_may_be_empty() -> None:
    field = only({"anyOf": [{"type": "integer", "minimum": 2}, {"type": "null"}]})
    assert (field.kind, field.nullable, field.required) == ("integer", True, False)
    assert dict(field.limits) == {"min": "2", "step": "1"}


ORDER = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 2}, "count": {"type": "integer", "default": 3}},
    "required": ["name"],
}


def test_a_model_has_a_field_for_each_of_its_own_with_what_is_there_to_be_edited() -> None:
    name, count = form(ORDER, {"name": "Ada"})
    assert (name.name, name.text, name.required, name.limits) == ("name", "Ada", True, (("minlength", "2"),))
    assert (count.name, count.text, count.required) == ("count", "3", False)


def test_what_a_field_can_not_show_is_edited_as_json_and_nothing_of_it_is_left_out() -> None:
    name, count, more = form(ORDER, {"name": None, "count": "many", "more": [1]})
    assert [(field.kind, field.given) for field in (name, count, more)] == [
        ("text", "null"),
        ("json", '"many"'),
        ("json", "[1]"),
    ]


def test_what_is_no_such_model_is_edited_as_it_is() -> None:
    (field,) = form(ORDER, ["other"])
    assert field.name == ""
    assert "other" in field.text


def test_a_skill_without_input_has_no_fields() -> None:
    assert fields(views.Manifest(name="a", purpose="A.", takes_input=False)) == ()
    assert fields(None) == ()


def test_the_page_of_a_skill_asks_for_what_it_takes(web: Web) -> None:
    with web.browser() as browser:
        page = browser.get("/skills/greeter").text
    assert 'data-kind="text"' in page
    assert ">name <" in page
