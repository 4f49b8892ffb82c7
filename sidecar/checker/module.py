"""One parsed source file of a snapshot, and what its names mean."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from sidecar.checker.report import Problem

Stage: TypeAlias = Literal["parse", "manifest", "body"]
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Module:
    """A file with its syntax tree. `path` is its place in the workspace."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def name(self) -> str:
        """As Python imports it: `price_report` for a skill, `lib.prices` for a helper."""
        path = PurePosixPath(self.path).with_suffix("")
        parts = path.parts[1:] if path.parts[0] == "skills" else path.parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported or defined name of the file stands for: `{"dt": "datetime", "step": "skills.step"}`.

        Imports inside functions count too, for the whole file.
        """
        names = {node.name: f"{self.name}.{node.name}" for node in self.definitions}
        for imported in self.imports:
            names |= _imported_by(imported)
        return names

    @cached_property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom))

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """The functions and classes at the top level of the file."""
        return tuple(node for node in self.tree.body if isinstance(node, Definition))

    def meaning(self, node: ast.expr, local: frozenset[str] = frozenset()) -> str:
        """What a name or a chain of attributes stands for ("datetime.datetime.now"), "" where that cannot be read.

        `local` are names that mean something else where the node stands. What nobody bound is a builtin.
        """
        if isinstance(node, ast.Attribute):
            owner = self.meaning(node.value, local)
            return f"{owner}.{node.attr}" if owner else ""
        if not isinstance(node, ast.Name) or node.id in local:
            return ""
        return self.names.get(node.id) or ("" if node.id in self.assigned else f"builtins.{node.id}")

    @cached_property
    def assigned(self) -> frozenset[str]:
        """The names that statements at the top level assign to."""
        return frozenset(
            name
            for statement in self.tree.body
            if not isinstance(statement, Definition)
            for node in ast.walk(statement)
            for name in bound_by(node)
        )

    def is_step(self, node: Definition) -> bool:
        return any(self.meaning(called(decorator)) == "skills.step" for decorator in node.decorator_list)

    def problem(self, stage: Stage, node: ast.AST | int, reason: str, fix: str = "") -> Problem:
        """A problem at a node, or at a line."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        column = 0 if isinstance(node, int) else getattr(node, "col_offset", 0) + 1
        return Problem(
            stage=stage,
            file=self.path,
            line=line,
            column=column,
            reason=reason,
            fix=fix,
            source=line_of(self.text, line),
        )


def called(decorator: ast.expr) -> ast.expr:
    """`step` of both `@step` and `@step(attempts=3)`."""
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def line_of(text: str, line: int) -> str:
    """The line's text, shortened where it would fill a page."""
    lines = text.split("\n", line)
    return lines[line - 1].rstrip()[:200] if 0 < line <= len(lines) else ""


def local_names(function: ast.AST) -> frozenset[str]:
    """All names that are bound anywhere inside this function: parameters, assignments, nested functions."""
    return frozenset(_locally_bound(function))


def _locally_bound(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, Definition) and node is not function:
            yield node.name
        yield from bound_by(node)


def bound_by(node: ast.AST) -> Iterator[str]:
    """The name that this node binds by itself, as an assignment, a pattern or an except does."""
    match node:
        case (
            ast.Name(id=str(name), ctx=ast.Store())
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield name


def _imported_by(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name: f"{node.module or ''}.{alias.name}" for alias in node.names}
    whole = {alias.asname: alias.name for alias in node.names if alias.asname}
    return whole | {top: top for alias in node.names if not alias.asname for top in [alias.name.split(".")[0]]}
