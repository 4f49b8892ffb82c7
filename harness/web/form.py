"""From what a skill takes (a JSON Schema) to the fields of a form, each with what stands in it at first.

A type that no field fits is written as JSON, and so is a value that its type's field can't show. What a browser makes
of the fields is in `static/tend.js`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from sidecar.client import views

Kind: TypeAlias = Literal["text", "integer", "number", "boolean", "choice", "lines", "json"]
Schema: TypeAlias = dict[str, Any]

_INPUT_TYPES = {"date": "date"}  # by the schema's format; those for times know no zone
_LIMITS = {"minLength": "minlength", "maxLength": "maxlength", "pattern": "pattern"}
_BOUNDS = {"minimum": "min", "maximum": "max"}
_HINTS = {
    "date-time": "such as 2026-11-27T09:30:00+01:00",
    "time": "such as 09:30",
    "duration": "such as PT1H30M, or 01:30:00",
}


@dataclass(frozen=True)
class Field:
    name: str  # "": the input is this one value
    label: str
    kind: Kind
    type: str  # of the HTML input
    hint: str
    required: bool
    nullable: bool  # left empty, it is null
    has_default: bool
    text: str  # what stands in it at first
    given: str | None = None  # JSON, sent where the field is left as it came; "": it was left out
    checked: bool = False
    options: tuple[tuple[str, str], ...] = ()  # JSON, and how it is shown
    of: Kind = "text"  # a line of many
    limits: tuple[tuple[str, str], ...] = ()  # HTML attributes


def fields(manifest: views.Manifest | None, given: JsonValue = None) -> tuple[Field, ...]:
    """`given` is an input that is there already, to be edited."""
    if manifest is None or not manifest.takes_input:
        return ()
    schema: Schema = manifest.input_schema
    properties = schema.get("properties")
    if not properties or (given is not None and not isinstance(given, dict)):
        told = None if given is None else json.dumps(given)
        return (_field("", str(schema.get("title", "input")), schema, told, required="default" not in schema),)
    required = schema.get("required", [])
    values = {name: json.dumps(value) for name, value in (given or {}).items()}
    left_out = None if given is None else ""
    return tuple(
        _field(name, name, properties.get(name, {}), values.get(name, left_out), required=name in required)
        for name in {**properties, **values}
    )


def _field(name: str, label: str, schema: Schema, given: str | None, *, required: bool) -> Field:
    schema = {**schema, "default": json.loads(given)} if given else schema
    told, nullable = _without_null(schema)
    default: JsonValue = schema.get("default")
    kind = _kind(told) if default is None or _is_shown(told, default) else "json"
    return Field(
        name=name,
        label=label,
        kind=kind,
        type="number" if kind in ("integer", "number") else _INPUT_TYPES.get(told.get("format", ""), "text"),
        hint=_hint(kind, schema, told),
        required=required and not nullable and kind != "boolean" and default != "",
        nullable=nullable,
        has_default="default" in schema,
        text=_text(kind, default, is_set="default" in schema),
        given=given,
        checked=default is True,
        options=_options(told),
        of=_kind(told["items"]) if kind == "lines" else "text",
        limits=tuple(_limits(kind, told)),
    )


def _without_null(schema: Schema) -> tuple[Schema, bool]:
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        return options[0], len(schema["anyOf"]) > 1
    return schema, False


def _kind(schema: Schema) -> Kind:
    if "enum" in schema:
        return "choice"
    match schema.get("type"):
        case "string":
            return "text"
        case "integer" | "number" | "boolean" as simple:
            kind: Kind = simple
            return kind
        case "array" if _kind(schema.get("items", {})) in ("text", "integer", "number"):
            return "lines"
    return "json"


def _is_shown(schema: Schema, value: JsonValue) -> bool:
    """Whether the field of this type can show it as it is."""
    match _kind(schema):
        case "choice":
            return value in schema["enum"]
        case "text":
            return isinstance(value, str)
        case "integer" | "number":
            return type(value) in (int, float)
        case "boolean":
            return isinstance(value, bool)
        case "lines":
            return isinstance(value, list) and all(_is_line(schema["items"], item) for item in value)
    return True


def _is_line(schema: Schema, item: JsonValue) -> bool:
    text = str(item)
    return _is_shown(schema, item) and bool(text.strip()) and text.splitlines() == [text]


def _text(kind: Kind, value: JsonValue, *, is_set: bool) -> str:
    if kind == "lines" and isinstance(value, list):
        return "\n".join(map(str, value))
    if kind in ("choice", "json") and (is_set and not (kind == "json" and value is None)):
        return json.dumps(value, ensure_ascii=False, indent=2 if kind == "json" else None)
    return "" if value is None or kind == "boolean" else str(value)


def _hint(kind: Kind, schema: Schema, told: Schema) -> str:
    hints = [schema.get("description", ""), _HINTS.get(told.get("format", ""), "")]
    if kind == "lines":
        hints.append("one on each line")
    if kind == "json":
        hints.append("as JSON")
    return "; ".join(str(hint).strip() for hint in hints if hint)


def _options(schema: Schema) -> tuple[tuple[str, str], ...]:
    values = schema.get("enum", ())
    return tuple((json.dumps(value, ensure_ascii=False), str(value)) for value in values)


def _limits(kind: Kind, schema: Schema) -> list[tuple[str, str]]:
    known = {"text": _LIMITS, "integer": _BOUNDS, "number": _BOUNDS}.get(kind, {})
    found = [(html, str(schema[name])) for name, html in known.items() if name in schema]
    return [*found, ("step", "1" if kind == "integer" else "any")] if known is _BOUNDS else found
