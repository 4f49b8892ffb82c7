"""Events that are named as webhooks are come by their door alone: a skill that emits one would pass for its sender."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from sidecar.checker.literals import Literals, Unreadable
from sidecar.checker.module import Module
from sidecar.checker.report import Problem
from skills.wire import HOOKS


def event_problems(modules: Sequence[Module]) -> Iterator[Problem]:
    """Names that are written out; the sidecar refuses the others when they are emitted."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "emit":
                for name in _name(node):
                    if _begins(module, name).startswith(HOOKS):
                        reason = f"{ast.unparse(name)} is a webhook's name, and nobody emits it but who has its key"
                        yield module.problem("body", name, reason, f"Choose a name that does not begin with {HOOKS!r}.")


def _name(call: ast.Call) -> list[ast.expr]:
    return [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "name")]


def _begins(module: Module, name: ast.expr) -> str:
    """As far as it can be read."""
    if isinstance(name, ast.JoinedStr):
        return _begins(module, name.values[0]) if name.values else ""
    try:
        return Literals(module).text(name)
    except Unreadable:
        return ""
