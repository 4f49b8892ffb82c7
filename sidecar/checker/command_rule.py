"""A program that a step runs by a name that is written out is one that the skill declares. What is computed is looked
at when it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from sidecar.checker.module import Module
from sidecar.checker.policy import command_problem
from sidecar.checker.report import Problem


def command_problems(modules: Sequence[Module], declared: Sequence[str]) -> Iterator[Problem]:
    """`declared` are the skill's; its helpers run them too."""
    for module in modules:
        for node, program in _programs(module):
            if program not in declared:
                yield module.problem("body", node, f"the program {program!r} is not declared", _fix(program, declared))


def _fix(program: str, declared: Sequence[str]) -> str:
    if command_problem(program):
        return 'Run it by its name alone, as in shell.run(["jq", ".sum"]), and declare that: commands=["jq"].'
    told = ", ".join(f'"{each}"' for each in (*declared, program))
    return f"Write in @skill(...): commands=[{told}]. A person is asked whether it may."


def _programs(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Each call that runs one, and its name."""
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and module.meaning(node.func) == "skills.shell.run"):
            continue
        given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "argv")]
        match given:
            case [ast.List(elts=[ast.Constant(value=str(program)), *_])]:
                yield node, program
            case [ast.Tuple(elts=[ast.Constant(value=str(program)), *_])]:
                yield node, program
