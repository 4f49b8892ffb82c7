"""Statements that every step of every run comes by: compiled once, and then handed to the driver.

What SQLAlchemy makes for each execution, the statement, a context and a result, takes ten times as long as SQLite takes
for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Row: TypeAlias = sa.Row[*tuple[Any, ...]]
Values: TypeAlias = dict[str, Any]  # of columns and parameters
Statement: TypeAlias = sa.Insert | sa.Update | sa.Delete | sa.Select[*tuple[Any, ...]]

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Prepared:
    """Executes as `Connection.execute` does, and fails as that does; but IN takes no list. `execute` returns the
    driver's cursor, with values as the driver gives them; `rows` and `row` give rows as SQLAlchemy has them."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def execute(self, connection: Connection, values: Mapping[str, Any] = NOTHING) -> DBAPICursor:
        return self._sent(connection, values)[1]

    def rows(self, connection: Connection, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        compiled, cursor = self._sent(connection, values)
        return [compiled.row(cursor, found) for found in cursor.fetchall()]

    def row(self, connection: Connection, values: Mapping[str, Any] = NOTHING) -> Row | None:
        """The first one."""
        return next(iter(self.rows(connection, values)), None)

    def execute_many(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Once for each row, all of which name the same columns; how many rows that has changed, in all."""
        compiled = self._for(connection, rows[0])
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        try:
            cursor.executemany(compiled.text, compiled.parameters_of_all(rows))
            return int(cursor.rowcount)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy_says(error, connection, compiled.text) from error
        finally:
            cursor.close()

    def _sent(self, connection: Connection, values: Mapping[str, Any]) -> tuple[_Compiled, DBAPICursor]:
        compiled = self._for(connection, values)
        return compiled, execute_text(connection, compiled.text, compiled.parameters(values))

    def _for(self, connection: Connection, values: Mapping[str, Any]) -> _Compiled:
        key = (connection.dialect.name, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _Compiled(self._statement, connection.dialect, list(values))
        return compiled


def execute_text(connection: Connection, text: str, *parameters: Values | list[Any]) -> DBAPICursor:
    """What `Prepared` does with its statement, for one that the driver takes as it is."""
    driver: Any = connection.connection.driver_connection
    try:
        cursor: DBAPICursor = driver.execute(text, *parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says(error, connection, text) from error
    return cursor


class _Compiled:
    def __init__(self, statement: Statement, dialect: Dialect, names: list[str]) -> None:
        columns = None if isinstance(statement, sa.Select) else names  # a SELECT says all that it writes, if it does
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        assert isinstance(compiled, sa.sql.compiler.SQLCompiler)  # noqa: S101 # it has values
        self.text = str(compiled)
        order = compiled.positiontup
        wanted = order or list(compiled.params)  # where they are told by place, one may be wanted at several
        process = {name: _processor(compiled.binds[name].type, dialect) for name in wanted}
        constants = dict(compiled.params) | {column.key: _default(column) for column in compiled.insert_prefetch}
        each_time = [None if name in names else process[name](constants[name]) for name in wanted]
        self._parameters: Any = each_time if order else dict(zip(wanted, each_time, strict=True))
        places = enumerate(wanted) if order else zip(wanted, wanted, strict=True)
        self._given = [(place, name, process[name]) for place, name in places if name in names]
        self._dialect = dialect
        self._types = [column.type.dialect_impl(dialect) for column in statement.exported_columns]
        self._columns = SimpleResultMetaData([str(column.key) for column in statement.exported_columns])
        self._index: Any = {name: index for index, name in enumerate(self._columns.keys)}
        self._decoders: Any = None  # unknown until something is found

    def row(self, cursor: DBAPICursor, found: Any) -> Row:
        """What the driver has found, as SQLAlchemy has it."""
        if self._decoders is None:  # they depend on what the database calls its columns' types
            described = zip(self._types, cursor.description, strict=True)
            self._decoders = [type_.result_processor(self._dialect, column[1]) for type_, column in described]
        return sa.Row(self._columns, self._decoders, self._index, found)

    def parameters(self, values: Mapping[str, Any]) -> Values | list[Any]:
        parameters: Any = self._parameters.copy()
        for place, name, process in self._given:
            parameters[place] = process(values[name])
        return parameters  # type: ignore[no-any-return] # a list, or a dict, as the driver wants them

    def parameters_of_all(self, rows: Sequence[Values]) -> list[Any]:
        """The same of each row, column by column: what all have alike is worked out once."""
        by_name = isinstance(self._parameters, dict)
        constant = self._parameters.items() if by_name else enumerate(self._parameters)
        columns: dict[Any, Iterable[Any]] = {place: repeat(value, len(rows)) for place, value in constant}
        for place, name, process in self._given:
            columns[place] = _processed([values[name] for values in rows], process)
        found = zip(*columns.values(), strict=True)
        return [dict(zip(columns, values, strict=True)) for values in found] if by_name else list(found)


def _processed(values: Sequence[Any], process: Callable[[Any], Any]) -> Iterable[Any]:
    if process is _as_it_is:
        return values
    first = values[0]
    if all(value is first for value in values):
        return [process(first)] * len(values)
    return map(process, values)


def _default(column: sa.Column[Any]) -> Any:
    assert isinstance(column.default, ScalarElementColumnDefault), column  # noqa: S101 # the schema has no other kind
    return column.default.arg


def _processor(type_: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any]:
    return type_.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _as_sqlalchemy_says(error: Exception, connection: Connection, text: str) -> BaseException:
    """The connection is given up where the error says that it is lost."""
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    is_lost = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type] # DBAPI's errors have no base class
    if is_lost:
        connection.invalidate(error)
    return sa.exc.DBAPIError.instance(
        text, None, error, dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=dialect
    )
