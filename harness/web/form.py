"""From what a skill takes (a JSON Schema) to the fields of a form, each with what stands in it at first.

A type that no field fits is written as JSON. What a browser makes of the fields is in `static/tend.js`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from sidecar.client import views

Kind: TypeAlias = Literal["text", "integer", "number", "boolean", "choice", "lines", "json"]
Schema: TypeAlias = dict[str, Any]

_INPUT_TYPES = {"date": "date", "date-time": "datetime-local", "time": "time"}  # by the schema's format
_LIMITS = {"minLength": "minlength", "maxLength": "maxlength", "pattern": "pattern"}
_BOUNDS = {"minimum": "min", "maximum": "max"}
_HINTS = {"duration": "such as PT1H30M, or 01:30:00"}


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
    values = given if isinstance(given, dict) else {}
    if not properties or (given is not None and not isinstance(given, dict)):
        has_default = "default" in schema
        told = {**schema, "default": given} if given is not None else schema
        return (_field("", str(schema.get("title", "input")), told, required=not has_default),)
    required = schema.get("required", [])
    return tuple(
        _field(name, name, {**told, "default": values[name]} if name in values else told, required=name in required)
        for name, told in properties.items()
    )


def _field(name: str, label: str, schema: Schema, *, required: bool) -> Field:
    told, nullable = _without_null(schema)
    kind, default = _kind(told), schema.get("default")
    return Field(
        name=name,
        label=label,
        kind=kind,
        type="number" if kind in ("integer", "number") else _INPUT_TYPES.get(told.get("format", ""), "text"),
        hint=_hint(schema, told),
        required=required and not nullable and kind != "boolean",
        nullable=nullable,
        has_default="default" in schema,
        text=_text(kind, default, is_set="default" in schema),
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


def _text(kind: Kind, value: JsonValue, *, is_set: bool) -> str:
    if kind == "lines" and isinstance(value, list):
        return "\n".join(map(str, value))
    if kind in ("choice", "json") and (is_set and not (kind == "json" and value is None)):
        return json.dumps(value, ensure_ascii=False, indent=2 if kind == "json" else None)
    return "" if value is None or kind == "boolean" else str(value)


def _hint(schema: Schema, told: Schema) -> str:
    hints = [schema.get("description", ""), _HINTS.get(told.get("format", ""), "")]
    if _kind(told) == "lines":
        hints.append("one on each line")
    if _kind(told) == "json":
        hints.append("as JSON")
    return "; ".join(str(hint).strip() for hint in hints if hint)


def _options(schema: Schema) -> tuple[tuple[str, str], ...]:
    values = schema.get("enum", ())
    return tuple((json.dumps(value, ensure_ascii=False), str(value)) for value in values)


def _limits(kind: Kind, schema: Schema) -> list[tuple[str, str]]:
    known = {"text": _LIMITS, "integer": _BOUNDS, "number": _BOUNDS}.get(kind, {})
    found = [(html, str(schema[name])) for name, html in known.items() if name in schema]
    return [*found, ("step", "1" if kind == "integer" else "any")] if known is _BOUNDS else found
