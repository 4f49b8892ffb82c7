"""Reads values from a syntax tree without executing it: literals, constants of the module, and a few constructors."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from sidecar.checker.module import Definition, Module, bound_by

T = TypeVar("T")

_WRITE_IT_OUT = "Write it out as a literal: what a skill declares is read from its text, not computed."


class Unreadable(Exception):
    """This expression is not the value that was wanted; `reason` and `fix` are for the author."""

    def __init__(self, node: ast.AST, reason: str, fix: str = _WRITE_IT_OUT) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason
        self.fix = fix


class Literals:
    """Values of one module. Each method takes an expression and returns its value, or raises `Unreadable`."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def resolve(self, node: ast.expr) -> ast.expr:
        """The expression behind a name that the module assigns once, or the expression itself."""
        for _ in range(10):  # a name may stand for a name; longer chains are a circle
            if not isinstance(node, ast.Name) or node.id in self._module.names:
                return node
            if node.id not in self._constants:
                raise Unreadable(node, f"{node.id!r} is no constant that this file assigns exactly once")
            node = self._constants[node.id]
        raise Unreadable(node, f"{ast.unparse(node)!r} leads in a circle")

    def text(self, node: ast.expr) -> str:
        return self._constant(node, str, "a text in quotes")

    def whole_number(self, node: ast.expr) -> int:
        """From zero on."""
        return self._constant(node, int, "a whole number")

    def integer(self, node: ast.expr) -> int:
        value = self.resolve(node)
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            return -self.whole_number(value.operand)
        return self.whole_number(value)

    def number(self, node: ast.expr) -> float:
        value = self.resolve(node)
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            return -self.number(value.operand)
        number = value.value if isinstance(value, ast.Constant) else None
        if isinstance(number, int | float) and not isinstance(number, bool):
            return float(number)
        raise Unreadable(node, f"{_shown(node)} is no number")

    def truth(self, node: ast.expr) -> bool:
        return self._constant(node, bool, "True or False")

    def texts(self, node: ast.expr) -> tuple[tuple[ast.expr, str], ...]:
        """A list or tuple of texts, each with the place where it stands."""
        value = self.resolve(node)
        if not isinstance(value, ast.List | ast.Tuple):
            raise Unreadable(node, f"{_shown(node)} is no list of texts", 'Write a list of texts: ["…", "…"].')
        return tuple((item, self.text(item)) for item in value.elts)

    def duration(self, node: ast.expr) -> timedelta:
        fix = "Write timedelta(...) with numbers: timedelta(minutes=5)."
        call = self.call(node, "datetime.timedelta")
        if call is None or call.args:
            raise Unreadable(node, f"{_shown(node)} is no timedelta(...) with named numbers", fix)
        try:
            return timedelta(**self._keywords(call, self.number))
        except (TypeError, OverflowError, ValueError) as error:
            raise Unreadable(node, f"{_shown(node)}: {error}", fix) from error

    def moment(self, node: ast.expr) -> datetime:
        """A datetime with its zone."""
        fix = 'Write datetime(2027, 1, 31, 9, 0, tzinfo=ZoneInfo("Europe/Berlin")).'
        call = self.call(node, "datetime.datetime")
        if call is None:
            raise Unreadable(node, f"{_shown(node)} is no datetime(...) with numbers", fix)
        zones = [keyword.value for keyword in call.keywords if keyword.arg == "tzinfo"]
        if not zones:
            raise Unreadable(node, f"{_shown(node)} has no zone", fix)
        plain = ast.Call(call.func, call.args, [each for each in call.keywords if each.arg != "tzinfo"])
        numbers = [self.whole_number(argument) for argument in call.args]
        named = self._keywords(plain, self.whole_number)
        try:
            naive = datetime(*numbers, **named)  # type: ignore[arg-type]  # a wrong name or type is the TypeError below
        except (TypeError, OverflowError, ValueError) as error:
            raise Unreadable(node, f"{_shown(node)}: {error}", fix) from error
        return naive.replace(tzinfo=self._zone(zones[0]))

    def call(self, node: ast.expr, constructor: str) -> ast.Call | None:
        """The expression as a call of exactly this constructor ("datetime.timedelta"), if that is what it is."""
        value = self.resolve(node)
        if isinstance(value, ast.Call) and self._module.meaning(value.func) == constructor:
            return value
        return None

    def _zone(self, node: ast.expr) -> tzinfo:
        value = self.resolve(node)
        if self._module.meaning(value) in {"datetime.UTC", "datetime.timezone.utc"}:
            return UTC
        call = self.call(node, "zoneinfo.ZoneInfo")
        if call is None or len(call.args) != 1 or call.keywords:
            raise Unreadable(node, f"{_shown(node)} is no zone", 'Write tzinfo=ZoneInfo("Europe/Berlin").')
        return zone(call.args[0], self.text(call.args[0]))

    def _constant(self, node: ast.expr, kind: type[T], wanted: str) -> T:
        value = self.resolve(node)
        if isinstance(value, ast.Constant) and type(value.value) is kind:
            return value.value
        raise Unreadable(node, f"{_shown(node)} is not {wanted}")

    def _keywords(self, call: ast.Call, read: Callable[[ast.expr], T]) -> dict[str, T]:
        if any(keyword.arg is None for keyword in call.keywords):
            raise Unreadable(call, f"{_shown(call)} takes its arguments from elsewhere (**)")
        return {keyword.arg or "": read(keyword.value) for keyword in call.keywords}

    @cached_property
    def _constants(self) -> dict[str, ast.expr]:
        stores = Counter(self._stores())
        found: dict[str, ast.expr] = {}
        for statement in self._module.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value):
                    found[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found[name] = value
        return {name: value for name, value in found.items() if stores[name] == 1}

    def _stores(self) -> Iterator[str]:
        """Each assignment to a name of the module, also by a function that says `global`."""
        for node in ast.walk(self._module.tree):
            if isinstance(node, ast.Global):
                yield from node.names
        for statement in self._module.tree.body:
            if not isinstance(statement, Definition):
                for node in ast.walk(statement):
                    yield from bound_by(node)


def zone(node: ast.expr, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # not found is a KeyError, "../x" and "" are the others
        raise Unreadable(node, f"there is no time zone {name!r}", _ZONE_FIX) from error


_ZONE_FIX = 'Use an IANA name, such as "Europe/Berlin" or "UTC".'


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 80 else f"{text[:77]}…"
