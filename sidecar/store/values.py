"""How values are written, alike in both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Type = sa.types.TypeDecorator[str]
    _Element = sa.sql.functions.GenericFunction[Any]
else:
    _Type = sa.types.TypeDecorator
    _Element = sa.sql.functions.GenericFunction


to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`: both databases mean the same by it."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class Text(_Type):
    """Text of any length. PostgreSQL can't keep the character NUL: it becomes the sign for an unknown one."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:  # noqa: ARG002 # as the base has it
        return _without_nul  # at once: by `process_bind_param` it takes three times as long


def _without_nul(value: str | None) -> str | None:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value and "\0" in value else value


class position(_Element):  # noqa: N801 # an SQL function, named as those are
    """`position(text, part)`: where `part` begins in `text`, from 1; 0 where it is not in it."""

    type = sa.Integer()
    inherit_cache = True


@compiles(position)
def _position(element: position, compiler: SQLCompiler, **more: object) -> str:
    return f"instr({compiler.process(element.clauses, **more)})"


@compiles(position, "postgresql")
def _position_of_postgresql(element: position, compiler: SQLCompiler, **more: object) -> str:
    return f"strpos({compiler.process(element.clauses, **more)})"


class each_of(_Element):  # noqa: N801 # likewise
    """`column.op("IN")(each_of(texts))`: it is one of the JSON array `texts`, however many they are."""

    type = sa.Text()
    inherit_cache = True


@compiles(each_of)
def _each_of(element: each_of, compiler: SQLCompiler, **more: object) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **more)}))"  # noqa: S608 # a parameter


@compiles(each_of, "postgresql")
def _each_of_postgresql(element: each_of, compiler: SQLCompiler, **more: object) -> str:
    return f"(SELECT json_array_elements_text(CAST({compiler.process(element.clauses, **more)} AS json)))"


class whole(_Element):  # noqa: N801 # likewise
    """`whole(number)`: without its fraction, of one that is not negative."""

    type = sa.Integer()
    inherit_cache = True


@compiles(whole)
def _whole(element: whole, compiler: SQLCompiler, **more: object) -> str:
    return f"CAST({compiler.process(element.clauses, **more)} AS INTEGER)"


@compiles(whole, "postgresql")
def _whole_of_postgresql(element: whole, compiler: SQLCompiler, **more: object) -> str:
    return f"CAST(floor({compiler.process(element.clauses, **more)}) AS INTEGER)"  # a cast alone rounds
