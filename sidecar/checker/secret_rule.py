"""A secret is used by its declared name, written out, and never made into text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from sidecar.checker.module import Module
from sidecar.checker.report import Problem

AS_IT_IS = "Pass it as it is: http.get(url, bearer={0}), or as a value in headers=, params=, json= or data=."
INTO_TEXT = frozenset({"builtins.str", "builtins.repr", "builtins.format", "builtins.print"})


def secret_problems(modules: Sequence[Module], declared: Sequence[str]) -> Iterator[Problem]:
    """`declared` are the skill's; its helpers use them too."""
    for module in modules:
        for call in filter(lambda node: _is_secret(module, node), ast.walk(module.tree)):
            yield from _wrong_name(module, call, declared)
        named = _names_of_secrets(module)
        for node, text in _texts(module):
            if _is_secret(module, node) or (isinstance(node, ast.Name) and node.id in named):
                fix = AS_IT_IS.format(ast.unparse(node))
                yield module.problem("body", text, "a secret has no text: its value never gets here", fix)


def _wrong_name(module: Module, call: ast.AST, declared: Sequence[str]) -> Iterator[Problem]:
    match call:
        case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
            if name not in declared:
                told = ", ".join(f'"{each}"' for each in (*declared, name))
                yield module.problem(
                    "body", call, f"the secret {name!r} is not declared", f"Write in @skill(...): secrets=[{told}]."
                )
        case _:
            fix = 'Write it out: secret("API_TOKEN"). The check reads it, and a person grants it by its name.'
            yield module.problem("body", call, "the name of a secret is computed", fix)


def _is_secret(module: Module, node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and module.meaning(node.func) in ("skills.secret", "skills.Secret")


def _names_of_secrets(module: Module) -> frozenset[str]:
    """Names to which the file assigns a secret somewhere."""
    return frozenset(
        target.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)
        and node.value
        and _is_secret(module, node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    )


def _texts(module: Module) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What is made into text, and the expression that does it."""
    for node in ast.walk(module.tree):
        match node:
            case ast.FormattedValue(value=value):
                yield value, node
            case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
                values = right.elts if isinstance(right, ast.Tuple) else [right]
                yield from ((each, node) for each in (left, *values))
            case ast.Call(func=function, args=arguments):
                formats = isinstance(function, ast.Attribute) and function.attr in ("format", "join")
                if formats or module.meaning(function) in INTO_TEXT:
                    given = [*arguments, *(keyword.value for keyword in node.keywords)]
                    yield from ((each, node) for each in given)
