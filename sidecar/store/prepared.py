"""Statements that every step of every run comes by: compiled once, and then handed to the driver.

What SQLAlchemy makes for each execution, a context and a result, takes ten times as long as SQLite takes for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Values: TypeAlias = dict[str, Any]  # of columns and parameters


class Prepared:
    """Executes as `Connection.execute` does, and fails as that does. Two things differ: what it returns is the driver's
    cursor, with values as the driver gives them; and IN takes no list."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def execute(self, connection: Connection, values: Values) -> DBAPICursor:
        compiled = self._for(connection, values)
        return execute_text(connection, compiled.text, compiled.parameters(values))

    def execute_many(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Once for each row, all of which name the same columns; how many rows that has changed, in all."""
        compiled = self._for(connection, rows[0])
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        try:
            cursor.executemany(compiled.text, [compiled.parameters(values) for values in rows])
            return int(cursor.rowcount)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy_says(error, connection, compiled.text) from error
        finally:
            cursor.close()

    def _for(self, connection: Connection, values: Values) -> _Compiled:
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
    def __init__(self, statement: sa.sql.ClauseElement, dialect: Dialect, names: list[str]) -> None:
        columns = None if isinstance(statement, sa.Select) else names  # a SELECT says all that it writes, if it does
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        assert isinstance(compiled, sa.sql.compiler.SQLCompiler)  # noqa: S101 # it has values
        self.text = str(compiled)
        order = compiled.positiontup
        places = {name: place if order else name for place, name in enumerate(order or compiled.params)}
        process = {name: _processor(compiled.binds[name].type, dialect) for name in places}
        constants = dict(compiled.params) | {column.key: _default(column) for column in compiled.insert_prefetch}
        each_time = {place: None if name in names else process[name](constants[name]) for name, place in places.items()}
        self._parameters: Any = list(each_time.values()) if order else each_time
        self._given = [(places[name], name, process[name]) for name in names]

    def parameters(self, values: Values) -> Values | list[Any]:
        parameters: Any = self._parameters.copy()
        for place, name, process in self._given:
            parameters[place] = process(values[name])
        return parameters  # type: ignore[no-any-return] # a list, or a dict, as the driver wants them


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
