"""Reads what a skill takes from its annotation, as a JSON Schema: what a form is made of.

The module is not executed, so what only that would tell stays open: `{}`, which is anything. The worker validates with
the real type.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from sidecar.checker.module import Module

Schema: TypeAlias = dict[str, JsonValue]
Found: TypeAlias = tuple[JsonValue, ...]  # a value, or none

MOST_PARTS = 300  # types within types, over all; what is beyond stays open
DEEPEST = 20  # types within one another, likewise
LARGEST_VALUE = 2_000  # bytes of a default, or of a description

_SIMPLE: dict[str, Schema] = {
    "builtins.str": {"type": "string"},
    "builtins.int": {"type": "integer"},
    "builtins.float": {"type": "number"},
    "builtins.bool": {"type": "boolean"},
    "decimal.Decimal": {"type": "number"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "builtins.dict": {"type": "object"},
    "builtins.list": {"type": "array"},
    "builtins.tuple": {"type": "array"},
}
_LISTS = {"builtins.list", "builtins.tuple", "typing.List", "typing.Tuple"}
_ENUMS = {"enum.Enum", "enum.StrEnum", "enum.IntEnum"}
_LIMITS = {  # of pydantic's Field, with their names in JSON Schema
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "description": "description",
}
_NULL: Schema = {"type": "null"}


class InputReader:
    """`modules` are those in which the types may be: the skill's own first, then its helpers."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._modules = {module.name: module for module in modules}
        self._skill = modules[0]
        self._parts = 0
        self._depth = 0
        self._within: list[ast.ClassDef] = []  # the models that are being described

    def read(self, function: ast.FunctionDef) -> Schema:
        """The schema of the parameter after `run`; `title` is its name. A function without one takes nothing: {}."""
        arguments = [*function.args.posonlyargs, *function.args.args]
        if len(arguments) != 2:
            return {}
        parameter = arguments[1]
        schema = self._of(parameter.annotation, self._skill) | {"title": parameter.arg}
        for default in function.args.defaults[-1:]:
            schema |= self._default(default, self._skill)
        return schema

    def _of(self, node: ast.expr | None, module: Module) -> Schema:
        self._parts += 1
        if node is None or self._parts > MOST_PARTS or self._depth == DEEPEST:
            return {}
        self._depth += 1
        try:
            return self._told(node, module)
        finally:
            self._depth -= 1

    def _told(self, node: ast.expr, module: Module) -> Schema:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._of(_parsed(node.value), module)
        if isinstance(node, ast.Constant) and node.value is None:
            return _NULL
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._either([node.left, node.right], module)
        if isinstance(node, ast.Subscript):
            return self._generic(module.meaning(node.value), _items(node.slice), module)
        return self._named(module.meaning(node))

    def _named(self, meaning: str) -> Schema:
        if meaning in _SIMPLE:
            return dict(_SIMPLE[meaning])
        found = self._class(meaning)
        if found is None:
            return {}
        node, module = found
        bases = {module.meaning(base) for base in node.bases}
        if bases & _ENUMS:
            return _one_of(_members(node).values())
        return self._model(node, module) or {}

    def _generic(self, meaning: str, items: list[ast.expr], module: Module) -> Schema:
        if meaning == "typing.Literal":
            return _one_of(value for item in items for value in _written_out(item))
        if meaning == "typing.Optional":
            return self._either([*items, ast.Constant(None)], module)
        if meaning == "typing.Union":
            return self._either(items, module)
        if meaning == "typing.Annotated":
            return self._of(items[0], module)
        if meaning in _LISTS:
            return {"type": "array", "items": self._of(items[0], module)}
        return dict(_SIMPLE.get(meaning, {}))

    def _either(self, nodes: list[ast.expr], module: Module) -> Schema:
        options: list[JsonValue] = []
        for node in nodes:
            found = self._of(node, module)
            inner = found.get("anyOf")
            options += inner if isinstance(inner, list) else [found]
        return {} if {} in options else {"anyOf": options}

    # ------------------------------------------------------------ classes

    def _class(self, meaning: str) -> tuple[ast.ClassDef, Module] | None:
        name, _, stem = meaning.rpartition(".")
        module = self._modules.get(name)
        for node in module.definitions if module else ():
            if module and isinstance(node, ast.ClassDef) and node.name == stem:
                return node, module
        return None

    def _model(self, node: ast.ClassDef, module: Module) -> Schema | None:
        """None: it is no pydantic model, or stands within itself."""
        fields: dict[str, tuple[ast.AnnAssign, Module]] = {}
        if node in self._within or not self._collect(node, module, fields, 0):
            return None
        self._within.append(node)
        properties: dict[str, JsonValue] = {}
        required: list[JsonValue] = []
        for name, (field, where) in fields.items():
            told = self._default(field.value, where) if field.value else {"required": True}
            known = str(told.pop("alias", name))
            if told.pop("required", False):
                required.append(known)
            properties[known] = self._of(field.annotation, where) | told
        self._within.pop()
        schema: Schema = {"type": "object", "properties": properties, "required": required}
        purpose = ast.get_docstring(node)
        return schema | (_as("description", _sound(purpose)) if purpose else {})

    def _collect(
        self, node: ast.ClassDef, module: Module, fields: dict[str, tuple[ast.AnnAssign, Module]], depth: int
    ) -> bool:
        """The fields of a class and those above it; whether it is a pydantic model."""
        is_model = False
        for base in node.bases:
            meaning = module.meaning(base)
            above = self._class(meaning) if depth < 10 else None
            is_model |= meaning == "pydantic.BaseModel" or (
                above is not None and self._collect(*above, fields, depth + 1)
            )
        for field in node.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                fields[field.target.id] = (field, module)
        return is_model

    # ------------------------------------------------------------ defaults

    def _default(self, node: ast.expr, module: Module) -> Schema:
        """`default`, where it is written out, and what a `Field(…)` says besides."""
        if isinstance(node, ast.Call) and module.meaning(node.func) == "pydantic.Field":
            return self._field(node, module)
        return _as("default", self._value(node, module))

    def _field(self, call: ast.Call, module: Module) -> Schema:
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if call.args:
            given["default"] = call.args[0]
        default = given.get("default")
        has_none = default is None or (isinstance(default, ast.Constant) and default.value is ...)
        schema: Schema = {"required": True} if has_none and "default_factory" not in given else {}
        if default is not None:
            schema |= _as("default", self._value(default, module))
        for name, known in {**_LIMITS, "alias": "alias"}.items():
            if name in given:
                schema |= _as(known, self._value(given[name], module))
        return schema

    def _value(self, node: ast.expr, module: Module) -> Found:
        """A literal, or a member of an enumeration."""
        if isinstance(node, ast.Attribute) and (found := self._class(module.meaning(node.value))):
            members = _members(found[0])
            return (members[node.attr],) if node.attr in members else ()
        return _written_out(node)


def _as(name: str, found: Found) -> Schema:
    return {name: found[0]} if found else {}


def _written_out(node: ast.expr) -> Found:
    try:
        return _sound(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ()


def _sound(value: object) -> Found:
    """The value as JSON holds it, if that can be and is not too much."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return (json.loads(text),) if len(text.encode()) <= LARGEST_VALUE else ()
    except (ValueError, TypeError, RecursionError):
        return ()


def _one_of(values: Iterable[JsonValue]) -> Schema:
    found = list(values)
    return {"enum": found} if found else {}


def _members(node: ast.ClassDef) -> dict[str, JsonValue]:
    return {
        target.id: value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
        for value in _written_out(statement.value)
    }


def _items(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text[:200], mode="eval").body
    except (SyntaxError, ValueError):
        return None
