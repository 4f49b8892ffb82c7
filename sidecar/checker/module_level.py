"""What may stand at the top level of a file: definitions. It is executed at each attempt, before any step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import get_args

from sidecar.checker.module import Definition, Module
from sidecar.checker.report import Problem

_ALLOWED = (ast.Import, ast.ImportFrom, *get_args(Definition), ast.Assign, ast.AnnAssign, ast.Pass)


def module_level_problems(module: Module) -> Iterator[Problem]:
    """Statements at the top level that are no definition, and what is defined in the wrong place."""
    for statement in module.tree.body:
        if not (isinstance(statement, _ALLOWED) or _is_text(statement) or _is_for_types(module, statement)):
            yield _refuse(module, statement)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield module.problem("body", node, "skills are synchronous", f"Write def {node.name}, without async.")
        elif isinstance(node, Definition) and module.is_step(node) and node not in module.tree.body:
            yield module.problem(
                "body",
                node,
                "a step is defined inside something else",
                "Move it to the top level of the file.",
            )


def _refuse(module: Module, statement: ast.stmt) -> Problem:
    if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
        return module.problem("body", statement, "a skill is not run as a script", "Delete this: Tend runs the skill.")
    fix = "Move it into the skill's function, or into a @step if it touches the world."
    return module.problem("body", statement, "only definitions and constants stand at the top level", fix)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_for_types(module: Module, statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and module.meaning(statement.test) == "typing.TYPE_CHECKING"
