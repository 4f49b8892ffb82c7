"""Finds code that would swallow a suspension.

A run that waits, or is cancelled, leaves its body by an exception that is no `Exception`. Whoever catches that too
keeps the body running where it must not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sidecar.checker.module import Module
from sidecar.checker.report import Problem

_FIX = "Write except Exception, or name the errors that you expect."
_TOO_MUCH = frozenset({"builtins.BaseException", "builtins.GeneratorExit", "builtins.BaseExceptionGroup"})


def swallowing_problems(module: Module, node: ast.AST) -> Iterator[Problem]:
    for each in ast.walk(node):
        if isinstance(each, ast.ExceptHandler) and _catches_all(module, each) and not _raises_again(each):
            yield module.problem("body", each, "this except would also catch a run that waits or is cancelled", _FIX)
        elif isinstance(each, ast.Call) and module.meaning(each.func) == "contextlib.suppress":
            if any(module.meaning(argument) in _TOO_MUCH for argument in each.args):
                yield module.problem("body", each, "this would also suppress a run that waits or is cancelled", _FIX)
        elif isinstance(each, ast.Try | ast.TryStar):
            for leaving in (inner for statement in each.finalbody for inner in ast.walk(statement)):
                if isinstance(leaving, ast.Return | ast.Break | ast.Continue):
                    yield module.problem(
                        "body",
                        leaving,
                        "leaving a finally would swallow a run that waits",
                        "Leave after the finally.",
                    )


def _catches_all(module: Module, handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(module.meaning(each) in _TOO_MUCH for each in caught)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
